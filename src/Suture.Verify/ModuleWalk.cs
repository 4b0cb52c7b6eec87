namespace Suture.Verify;

/// <summary>
/// Walks the expectation and the module side by side: from the functions that klp_func structures name, along every reference.
/// Each expected piece is bound to the place where the module has it, and compared there.
/// </summary>
internal sealed class ModuleWalk(RelocatableFile module, Manifest manifest, CheckReport report, WorkLimit limit)
{
    /// <summary>The loader compares the whole name (find_pcpusec in kernel/module).</summary>
    private const string PerCpu = ".data..percpu";

    private readonly Dictionary<int, (FileSection Section, long Entry)> _places = [];
    private readonly HashSet<(int Piece, int Section, long Entry)> _compared = [];
    private readonly Dictionary<(int Section, long Entry), int> _byPlace = [];
    private readonly Queue<(int Piece, FileSection Section, long Entry)> _work = new();

    /// <summary>Everything compared: which piece was found where.</summary>
    public IEnumerable<(ExpectedPiece Piece, int Index, FileSection Section, long Entry)> Compared =>
        _compared.Select(c => (manifest.Pieces[c.Piece], c.Piece, module.Sections[c.Section], c.Entry));

    /// <summary>Where the module has the piece, once something led there.</summary>
    public (FileSection Section, long Entry)? PlaceOf(int piece) => _places.TryGetValue(piece, out var place) ? place : null;

    /// <summary>Binds <paramref name="piece"/> to a place; what led there says so in <paramref name="from"/>.</summary>
    public bool Bind(int piece, FileSection section, long entry, string from)
    {
        var expected = manifest.Pieces[piece];
        var unique = expected.Kind != PieceKind.Anonymous;
        if (unique && _places.TryGetValue(piece, out var known) && known != (section, entry))
        {
            report.Fault("references", $"{from}: leads to {section.Name}+0x{entry:x}, but '{Label(expected)}' is at {known.Section.Name}+0x{known.Entry:x}");
            return false;
        }
        if (unique && _byPlace.TryGetValue((section.Index, entry), out var other) && other != piece)
        {
            report.Fault("references", $"{from}: '{Label(expected)}' and '{Label(manifest.Pieces[other])}' are at one place, {section.Name}+0x{entry:x}");
            return false;
        }
        if (_compared.Add((piece, section.Index, entry)))
        {
            limit.Spend(1 + expected.Bytes.Length / 2 + expected.References.Count + expected.Entries.Count);
            _work.Enqueue((piece, section, entry));
        }
        _places[piece] = (section, entry);
        if (unique)
        {
            _byPlace[(section.Index, entry)] = piece;
        }
        return true;
    }

    /// <summary>Compares all that is bound, and what that leads to.</summary>
    public void Run()
    {
        while (_work.TryDequeue(out var next))
        {
            Compare(manifest.Pieces[next.Piece], next.Section, next.Entry);
        }
    }

    /// <summary>Binds what must be there and was not reached, by its name.</summary>
    public void BindRequired()
    {
        for (var i = 0; i < manifest.Pieces.Count; i++)
        {
            var expected = manifest.Pieces[i];
            if (!expected.Required || _places.ContainsKey(i))
            {
                continue;
            }
            var found = module.SymbolsNamed(expected.Name).Where(s => s.Section is not null && !_byPlace.ContainsKey((s.Section.Index, s.Value)))
                .OrderByDescending(s => HasCode(expected, s)).FirstOrDefault();
            if (report.Expect("code", found is not null, () => $"'{Label(expected)}' of {expected.Unit} is missing from the module"))
            {
                Bind(i, found!.Section!, found.Value, $"symbol '{found.Name}'");
                Run();
            }
        }
    }

    public static string Label(ExpectedPiece piece) => piece.Name.Length > 0 ? piece.Name : $"{piece.Section} of {piece.Unit}";

    private bool HasCode(ExpectedPiece expected, FileSymbol symbol)
    {
        var bytes = module.BytesOf(symbol.Section!);
        var start = symbol.Value - expected.Prefix;
        var length = expected.Bytes.Length / 2;
        limit.Spend(1 + length);
        // A start that wrapped is not behind the end either.
        return start >= 0 && start <= bytes.Length - length && Convert.ToHexStringLower(bytes.Slice((int)start, length)) == expected.Bytes;
    }

    /// <summary>Whether <paramref name="piece"/> lies in <paramref name="section"/> from its prefix to its end, wherever between -2^63 and 2^63 it is said to be.</summary>
    private static bool Fits(ExpectedPiece piece, FileSection section, long entry) =>
        entry >= piece.Prefix && piece.Size <= section.Size && entry <= section.Size - piece.Size;

    private void Compare(ExpectedPiece expected, FileSection section, long entry)
    {
        if (expected.Kind == PieceKind.Patch)
        {
            return;
        }
        if (!report.Expect("code", Fits(expected, section, entry) && section.IsAlloc && (section.HasBytes || section.IsZeroed),
                () => $"'{Label(expected)}' does not fit into {section.Name} at 0x{entry:x}")
            || !report.Expect("code", IsRightSection(expected, section), () => $"'{Label(expected)}' lies in {section.Name}, which is not of the kind of {expected.Section}"))
        {
            return;
        }
        report.Expect("code", expected.Alignment is not { } alignment || section.Alignment >= alignment,
            () => $"'{Label(expected)}' lies in {section.Name}, which is aligned to {section.Alignment} bytes; the compiler wants {expected.Alignment}");
        var rewritten = CompareContents(expected, section, entry);
        CompareReferences(expected, section, entry, rewritten);
        if (expected.Kind == PieceKind.Function)
        {
            report.Expect("code", module.SymbolsAt(section, entry).Any(s => s.Name == expected.Name && (s.Size == expected.Size || s.Size == 0)),
                () => $"no symbol '{expected.Name}' of {expected.Size} bytes is where its code is, {section.Name}+0x{entry:x}");
        }
    }

    /// <summary>Compares the bytes; gives for each of the piece's whether objtool may have made it part of a no-op, and did.</summary>
    private bool[] CompareContents(ExpectedPiece expected, FileSection section, long entry)
    {
        if (section.IsZeroed && expected.Bytes.Length == 0)
        {
            report.Counted("code");
            return [];
        }
        var (from, to) = ((int)(entry - expected.Prefix), (int)(entry + expected.Size));
        limit.Spend(to - from);
        var actual = section.IsZeroed ? new byte[to - from] : module.BytesOf(section)[from..to].ToArray();
        if (expected.Bytes.Length == 0)
        {
            CompareBytes(expected, new byte[actual.Length], actual, []);
            return [];
        }
        var bytes = Convert.FromHexString(expected.Bytes);
        var rewritten = RewrittenSites(expected, bytes, actual);
        CompareBytes(expected, bytes, actual, rewritten);
        return rewritten;
    }

    /// <summary>Whether the loader does with <paramref name="section"/> what the piece needs: by its name it tells per-CPU data, and what to give back once the module has been initialised.</summary>
    private static bool IsRightSection(ExpectedPiece expected, FileSection section) =>
        (expected.Owner.Length == 0 || !TableSections.IsBootOnly(section.Name) || (expected.Kind != PieceKind.Function && TableSections.IsBootOnly(expected.Section))) && expected.Kind switch
        {
            PieceKind.Function => section.IsCode,
            PieceKind.Data => !section.IsCode
                && expected.Section.StartsWith(PerCpu, StringComparison.Ordinal) == (section.Name == PerCpu)
                && (section.IsWritable || !(expected.Section.StartsWith(".data", StringComparison.Ordinal) || expected.Section.StartsWith(".bss", StringComparison.Ordinal))),
            _ => true,
        };

    /// <summary>Sites that objtool may have made no-ops, and did: jump labels that start disabled, and tracer calls.</summary>
    private bool[] RewrittenSites(ExpectedPiece expected, byte[] bytes, byte[] actual)
    {
        var rewritten = new bool[bytes.Length];
        foreach (var entry in expected.Entries.Where(e => e.Section == "__jump_table" && e.References.Count == 3))
        {
            var at = (int)entry.References[0].Delta + expected.Prefix;
            ReadOnlySpan<byte> nop = at >= 0 && at < bytes.Length && bytes[at] is 0xeb or 0x66 ? [0x66, 0x90] : [0x0f, 0x1f, 0x44, 0x00, 0x00];
            var isNop = at >= 0 && at < bytes.Length && actual.AsSpan(at).StartsWith(nop);
            if (isNop && (entry.References[2].Delta & 2) != 0)
            {
                rewritten.AsSpan(at, nop.Length).Fill(true);
            }
            report.Expect("tables", entry.Absent is not true || isNop,
                () => $"'{Label(expected)}'+0x{at - expected.Prefix:x}: its switch is not in the table, yet the branch is not off");
        }
        return rewritten;
    }

    private void CompareBytes(ExpectedPiece expected, byte[] bytes, byte[] actual, bool[] rewritten)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != actual[i] && !(i < rewritten.Length && rewritten[i]))
            {
                var offset = i;
                var words = expected.Kind == PieceKind.Function
                    ? $" ({Instructions.Text(actual.AsSpan(expected.Prefix), i - expected.Prefix)}, not {Instructions.Text(bytes.AsSpan(expected.Prefix), i - expected.Prefix)})" : "";
                report.Fault("code", $"byte 0x{offset - expected.Prefix:x} of '{Label(expected)}' is {actual[offset]:x2}, the compiler wrote {bytes[offset]:x2}{words}");
                return;
            }
        }
        report.Counted("code", bytes.Length);
    }

    private void CompareReferences(ExpectedPiece expected, FileSection section, long entry, bool[] rewritten)
    {
        var found = module.RelocationsIn(section, entry - expected.Prefix, entry + expected.Size).ToLookup(r => (int)(r.Offset - entry));
        limit.Spend(found.Count);
        bool IsRewritten(int at) => at + expected.Prefix is >= 0 and var i && i < rewritten.Length && rewritten[i];
        foreach (var reference in expected.References)
        {
            var place = $"'{Label(expected)}'+0x{reference.At:x}";
            if (found[reference.At].ToList() is [var only])
            {
                Match(reference, only, expected, place);
            }
            else
            {
                report.Expect("references", IsRewritten(reference.At) && !found[reference.At].Any(),
                    () => $"{place}: {found[reference.At].Count()} relocations where there must be one, to {Describe(reference)}");
            }
        }
        var wanted = expected.References.Select(r => r.At).ToHashSet();
        foreach (var extra in found.Where(g => !wanted.Contains(g.Key)))
        {
            report.Fault("references", $"'{Label(expected)}'+0x{extra.Key:x}: a relocation to '{extra.First().Symbol.Name}' that the compiler's object does not have");
        }
    }

    /// <summary>Whether <paramref name="actual"/> means what it must; binds the piece that it leads to.</summary>
    public bool Match(ExpectedReference expected, FileRelocation actual, ExpectedPiece holder, string place)
    {
        if (!report.Expect("references", RelocationKind.SameEffect(expected.Type, actual.Type),
            () => $"{place}: relocation type {actual.Type}, must be {expected.Type}"))
        {
            return false;
        }
        if (actual.Symbol.Section is { } section)
        {
            return report.Expect("references", expected.Own is not null, () => $"{place}: leads to the module's own {Place(actual)}, must lead to {Describe(expected)}")
                && Bind(expected.Own!.Value, section, actual.Symbol.Value + actual.Addend - expected.Delta, place);
        }
        if (!report.Expect("references", expected.Running is not null, () => $"{place}: leads to '{actual.Symbol.Name}', must lead to {Describe(expected)}"))
        {
            return false;
        }
        report.Expect("references", actual.Addend == expected.Delta,
            () => $"{place}: '{actual.Symbol.Name}' plus {actual.Addend}, must be plus {expected.Delta}");
        return MatchRunning(expected.Running!.Value, actual, holder, place);
    }

    private bool MatchRunning(int index, FileRelocation actual, ExpectedPiece holder, string place)
    {
        var wanted = manifest.Running[index];
        if (actual.Symbol.Place == SymbolPlace.Undefined)
        {
            return report.Expect("references", wanted.Names.Contains(actual.Symbol.Name) && !wanted.Local && wanted.Object is "" or "vmlinux" && !actual.IsLivepatch,
                () => $"{place}: leads to the exported '{actual.Symbol.Name}', must lead to {Describe(wanted)}");
        }
        if (!report.Expect("references", actual.Symbol.Place == SymbolPlace.Livepatch && LivepatchName.Parse(actual.Symbol.Name) is not null && actual.IsLivepatch,
            () => $"{place}: '{actual.Symbol.Name}' is no symbol that the livepatch core finds, or stands in the wrong relocation section"))
        {
            return false;
        }
        var symbol = LivepatchName.Parse(actual.Symbol.Name)!;
        // Where a compiler's numbers left several names open, each has a position of its own.
        if (wanted is { SymPos: < 0, Names.Count: 1 })
        {
            report.Claims.TryAdd(index, symbol.SymPos);
        }
        var loadedWith = symbol.Object == "vmlinux" ? "vmlinux" : holder.Owner;
        return report.Expect("references", wanted.Names.Contains(symbol.Name) && wanted.Object is var o && (o.Length == 0 || o == symbol.Object),
                () => $"{place}: leads to '{symbol.Name}' of {symbol.Object}, must lead to {Describe(wanted)}")
            && report.Expect("references", IsPosition(wanted.SymPos, symbol.SymPos),
                () => $"{place}: takes '{symbol.Name}' number {symbol.SymPos} of {symbol.Object}, must take number {wanted.SymPos}")
            && report.Expect("references", actual.Table.Name == $".klp.rela.{loadedWith}.{module.Sections[(int)actual.Table.Info].Name}",
                () => $"{place}: its relocation stands in {actual.Table.Name}, which is applied when another object loads than {loadedWith}");
    }

    /// <summary>Whether <paramref name="actual"/> says the same as <paramref name="wanted"/>: 0 means the only one, which is also the first.</summary>
    public static bool IsPosition(int wanted, int actual) => wanted < 0 || wanted == actual || (wanted == 0 && actual == 1);

    private static string Place(FileRelocation r) => r.Symbol.Name.Length > 0 ? $"'{r.Symbol.Name}'" : $"{r.Symbol.Section!.Name}+0x{r.Symbol.Value + r.Addend:x}";

    private static string Describe(RunningSymbol symbol) =>
        $"'{string.Join("' or '", symbol.Names)}' of {(symbol.Object.Length > 0 ? symbol.Object : "the kernel")}";

    private string Describe(ExpectedReference reference) =>
        string.Join(" or ", new[]
        {
            reference.Own is { } own ? $"the module's own '{Label(manifest.Pieces[own])}'" : "",
            reference.Running is { } running ? "the running " + Describe(manifest.Running[running]) : "",
        }.Where(t => t.Length > 0));
}
