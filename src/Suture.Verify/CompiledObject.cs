namespace Suture.Verify;

/// <summary>
/// An object as the compiler wrote it, cut into pieces: what has a name, and what references lead to that has none.
/// Table entries belong to the code they describe.
/// </summary>
internal sealed class CompiledObject
{
    private readonly RelocatableFile _file;
    private readonly IReadOnlyDictionary<string, int> _entrySizes;
    private readonly Dictionary<int, List<Piece>> _named = [];
    private readonly Dictionary<(int Section, long At), Piece> _anonymous = [];
    private readonly Dictionary<int, SortedSet<long>> _anchors = [];
    private readonly Dictionary<FileSymbol, Piece> _bySymbol = [];
    private readonly Dictionary<Piece, Dictionary<int, Instructions.Operand>> _operands = [];

    private CompiledObject(RelocatableFile file, IReadOnlyDictionary<string, int> entrySizes)
    {
        _file = file;
        _entrySizes = entrySizes;
    }

    /// <summary>Pieces with a name, in file order.</summary>
    public IEnumerable<Piece> Named => _named.OrderBy(p => p.Key).SelectMany(p => p.Value);

    /// <summary>Cuts <paramref name="file"/>; <paramref name="entrySizes"/> gives bytes per entry of each table section.</summary>
    public static CompiledObject Read(RelocatableFile file, IReadOnlyDictionary<string, int> entrySizes)
    {
        var cut = new CompiledObject(file, entrySizes);
        foreach (var section in file.Sections.Where(cut.IsContent))
        {
            cut.CutNamed(section);
        }
        cut.FindAnchors();
        foreach (var piece in cut.Named.ToList())
        {
            cut.Follow(piece);
        }
        cut.AttachEntries();
        cut.AttachColdParts();
        return cut;
    }

    /// <summary>Whether other objects of the kernel may refer to <paramref name="name"/>: an entry of its own in the kernel's symbol table, or a record for the linker to make one.</summary>
    public bool Exports(string name) => _file.SymbolsNamed("__ksymtab_" + name).Concat(_file.SymbolsNamed("__export_symbol_" + name)).Any(s => s.Section is not null);

    public ReadOnlySpan<byte> BytesOf(Piece piece) =>
        piece.Section.IsZeroed ? default : _file.BytesOf(piece.Section)[(int)piece.Start..(int)piece.End];

    /// <summary>Where the instruction begins whose operand is at <paramref name="at"/>; both count from the piece's entry.</summary>
    public int InstructionOf(Piece piece, int at)
    {
        var prefix = (int)(piece.Entry - piece.Start);
        return OperandsOf(piece).TryGetValue(at + prefix, out var operand) ? operand.Start - prefix : at - 1;
    }

    /// <summary>The bytes of <paramref name="piece"/> with every relocated field zero.</summary>
    public byte[] Masked(Piece piece)
    {
        var bytes = BytesOf(piece).ToArray();
        foreach (var reference in piece.References)
        {
            bytes.AsSpan(reference.At + (int)(piece.Entry - piece.Start), RelocationKind.Width(reference.Type)).Clear();
        }
        return bytes;
    }

    /// <summary>
    /// Sections that nothing refers to and that list places inside <paramref name="code"/>: tables of a kind unknown here, which somebody
    /// will go through.
    /// </summary>
    public IEnumerable<string> UnknownTables(Piece code) => code.Section.IsCode
        ? _file.Sections.Where(s => IsContent(s) && !s.IsCode && _named[s.Index].Count == 0 && !_anchors.ContainsKey(s.Index)
            && _file.RelocationsOf(s).Any(r => r.Symbol.Section == code.Section && r.Symbol.Value + r.Addend is var at && at > code.Entry && at < code.End)).Select(s => s.Name)
        : [];

    private bool IsContent(FileSection s) => s.IsAlloc && (s.Type is 1 or 8 or 14 or 15 or 16)
        && !_entrySizes.ContainsKey(s.Name) && !TableSections.OfObjtool.ContainsKey(s.Name) && !TableSections.IsIgnored(s.Name) && !s.IsStrings;

    private void CutNamed(FileSection section)
    {
        var symbols = _file.Symbols.Where(s => s.Section == section && (s.Type is 0 or 1 or 2 or 10) && s.Name.Length > 0
            && !s.Name.StartsWith(".L", StringComparison.Ordinal) && !s.Name.StartsWith("__pfx_", StringComparison.Ordinal)
            && !s.Name.StartsWith("__cfi_", StringComparison.Ordinal)).OrderBy(s => s.Value).ThenBy(s => s.Type == 0).ThenByDescending(s => s.Size).ToList();
        var list = _named[section.Index] = [];
        for (var i = 0; i < symbols.Count; i++)
        {
            var symbol = symbols[i];
            if (list.Count > 0 && list[^1] is var last && (symbol.Value == last.Entry || (symbol.Type == 0 && symbol.Value < last.End)))
            {
                // Another name for the same place, or a label inside.
                _bySymbol[symbol] = last;
                if (symbol.Value == last.Entry)
                {
                    last.Symbols.Add(symbol);
                }
                continue;
            }
            var next = symbols.Skip(i + 1).Select(s => s.Value).FirstOrDefault(v => v > symbol.Value, section.Size);
            var end = symbol.Size > 0 ? Math.Min(symbol.Value + symbol.Size, section.Size) : next;
            var from = section.IsCode ? Padding(section, list.Count > 0 ? list[^1].End : 0, symbol.Value) : symbol.Value;
            var piece = new Piece(section.IsCode ? PieceKind.Function : PieceKind.Data, symbol.Name, section, from, symbol.Value, end);
            piece.Symbols.Add(symbol);
            list.Add(piece);
            _bySymbol[symbol] = piece;
        }
    }

    /// <summary>Where the no-ops that patchable entries have before a function begin.</summary>
    private long Padding(FileSection section, long from, long entry)
    {
        var bytes = _file.BytesOf(section);
        return from == 0 && entry is > 0 and <= 64 && !bytes[..(int)entry].ContainsAnyExcept((byte)0x90) ? 0 : entry;
    }

    /// <summary>Every place that something refers to without naming it: there the anonymous pieces begin.</summary>
    private void FindAnchors()
    {
        foreach (var section in _file.Sections.Where(s => s.IsAlloc && !TableSections.IsIgnored(s.Name)))
        {
            foreach (var r in _file.RelocationsOf(section).Where(r => r.Symbol.Section is not null && !_bySymbol.ContainsKey(r.Symbol)))
            {
                var at = r.Symbol.Value + r.Addend + (section.IsCode && RelocationKind.IsPcRelative(r.Type) ? 4 : 0) - Surplus(section, r);
                if (!_anchors.TryGetValue(r.Symbol.Section!.Index, out var anchors))
                {
                    _anchors[r.Symbol.Section.Index] = anchors = [];
                }
                anchors.Add(at);
            }
        }
    }

    /// <summary>Fills in the references of <paramref name="piece"/>, and of the anonymous pieces they lead to.</summary>
    private void Follow(Piece piece)
    {
        var covered = new HashSet<int>();
        foreach (var r in _file.RelocationsIn(piece.Section, piece.Start, piece.End))
        {
            var reference = Resolve(r, piece.Entry, piece, piece.Section);
            covered.Add(reference.At);
            piece.References.Add(reference);
        }
        if (piece.Kind == PieceKind.Function)
        {
            AddEscapes(piece, covered);
        }
    }

    /// <summary>Branches out of a function that the assembler resolved because both ends are in one section.</summary>
    private void AddEscapes(Piece piece, HashSet<int> covered)
    {
        foreach (var operand in OperandsOf(piece).Values.Where(o => o is { Width: 4, Target: not null }))
        {
            var at = operand.At - (int)(piece.Entry - piece.Start);
            var target = piece.Start + operand.Target!.Value;
            if (!covered.Contains(at) && (target < piece.Start || target >= piece.End)
                && _named[piece.Section.Index].Find(p => target >= p.Entry && target < p.End) is { } other)
            {
                piece.References.Add(new PieceReference(at, RelocationKind.Plt32, other, null, target - other.Entry - 4, true));
            }
        }
        piece.References.Sort((a, b) => a.At.CompareTo(b.At));
    }

    private Dictionary<int, Instructions.Operand> OperandsOf(Piece piece)
    {
        if (!_operands.TryGetValue(piece, out var operands))
        {
            _operands[piece] = operands = Instructions.Operands(BytesOf(piece));
        }
        return operands;
    }

    /// <summary>What <paramref name="r"/> of section <paramref name="from"/> leads to; <paramref name="code"/> is null for a table.</summary>
    private PieceReference Resolve(FileRelocation r, long origin, Piece? code, FileSection from)
    {
        var at = (int)(r.Offset - origin);
        var operand = code is { Section.IsCode: true } ? OperandsOf(code).GetValueOrDefault((int)(r.Offset - code.Start)) : default;
        if (r.Symbol.Section is not { } section)
        {
            return new PieceReference(at, r.Type, null, r.Symbol.Name, r.Addend, operand.IsBranch);
        }
        var sum = r.Symbol.Value + r.Addend;
        // Tables are also written by tools that count from any symbol of a section: there the place tells.
        var target = code is null && section.IsCode && _named.TryGetValue(section.Index, out var named) ? named.FindLast(p => sum >= p.Start && sum < p.End) : null;
        if (target is null && !_bySymbol.TryGetValue(r.Symbol, out target))
        {
            // What the processor adds is no part of the place meant.
            var counted = code is { Section.IsCode: true } && RelocationKind.IsPcRelative(r.Type)
                ? operand.Next > 0 ? operand.Next - (r.Offset - code.Start) : 4 : -Surplus(from, r);
            target = Locate(section, sum + counted);
        }
        return target is null
            ? new PieceReference(at, r.Type, null, $"{section.Name}+0x{sum:x}", 0, operand.IsBranch)
            : new PieceReference(at, r.Type, target, null, sum - target.Entry, operand.IsBranch);
    }

    /// <summary>By how many bytes a table's relocation says more than the place it means.</summary>
    private long Surplus(FileSection table, FileRelocation r) =>
        table.Name == "__bug_table" && _entrySizes.TryGetValue(table.Name, out var size) ? BugEntry.Surplus(_file, r, r.Offset % size) : 0;

    private Piece? Locate(FileSection section, long at)
    {
        if (_named.TryGetValue(section.Index, out var named))
        {
            // A pointer to the end of something belongs to it, unless another begins there.
            var found = named.FindLast(p => at >= p.Start && at < p.End) ?? named.FindLast(p => at == p.End);
            if (found is not null)
            {
                return found;
            }
        }
        if (at < 0 || at > section.Size || TableSections.IsIgnored(section.Name))
        {
            // A loop over a field counts up to where that field of one more would be, outside of what lies alone in its section.
            return named is [var only] ? only : null;
        }
        var bytes = _file.BytesOf(section);
        var (start, end) = (at, section.Size);
        if (section.IsStrings)
        {
            var width = section.EntrySize is 2 or 4 ? (int)section.EntrySize : 1;
            end = at;
            while (end + width <= bytes.Length && bytes.Slice((int)end, width).ContainsAnyExcept((byte)0))
            {
                end += width;
            }
            end = Math.Min(end + width, bytes.Length);
        }
        else if ((section.Flags & 0x10) != 0 && section.EntrySize > 0)
        {
            start = at / section.EntrySize * section.EntrySize;
            end = Math.Min(start + section.EntrySize, section.Size);
        }
        else
        {
            if (_anchors.TryGetValue(section.Index, out var anchors))
            {
                end = Math.Min(end, anchors.GetViewBetween(at + 1, long.MaxValue) is { Count: > 0 } later ? later.Min : end);
            }
            end = Math.Min(end, (named ?? []).Where(p => p.Start > at).Select(p => p.Start).DefaultIfEmpty(end).Min());
        }
        if (!_anonymous.TryGetValue((section.Index, start), out var piece))
        {
            _anonymous[(section.Index, start)] = piece = new Piece(PieceKind.Anonymous, "", section, start, start, end);
            if (!section.IsStrings)
            {
                Follow(piece);
            }
        }
        return piece;
    }

    private void AttachEntries()
    {
        // By name: compilers put the tables of two versions of a file in different orders.
        foreach (var section in _file.Sections.Where(s => s.IsAlloc && s.Size > 0 && _entrySizes.ContainsKey(s.Name)).OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            var size = _entrySizes[section.Name];
            for (var at = 0L; at < section.Size; at += size)
            {
                var end = Math.Min(at + size, section.Size);
                var bytes = _file.BytesOf(section)[(int)at..(int)end].ToArray();
                var meant = TableSections.IsWithoutReplacement(section.Name, bytes) ? 1 : int.MaxValue;
                var references = _file.RelocationsIn(section, at, end).Take(meant).Select(r => Resolve(r, at, null, section)).ToList();
                if (references is [{ Target: { } owner }, ..])
                {
                    references.ForEach(r => bytes.AsSpan(r.At, RelocationKind.Width(r.Type)).Clear());
                    owner.Entries.Add(new TableEntry(section.Name, bytes, references));
                }
            }
        }
    }

    private void AttachColdParts()
    {
        var functions = Named.Where(p => p.Kind == PieceKind.Function).ToList();
        foreach (var part in functions)
        {
            if (CompilerNames.ColdParent(part.Name) is { } parent)
            {
                part.Parent = functions.Find(f => f.Name == parent) ?? functions.Find(f => f.References.Exists(r => r.Target == part));
            }
        }
    }
}
