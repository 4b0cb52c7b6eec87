using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>
/// Cuts an object into elements: first by symbols, then what no symbol names by the places that are referred
/// to, last the special sections by entry; then spells every relocation as a reference between elements.
/// </summary>
internal sealed class ObjectModelBuilder(ElfObject source, IReadOnlyDictionary<string, int> entrySizes)
{
    private readonly record struct RawTarget(uint Type, Section? Section, long Offset, int PcDelta);

    private readonly Dictionary<Symbol, Element> _bySymbol = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Section, List<Element>> _bySection = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Section, RawTarget[]> _targets = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(Section, long), Element> _literals = [];
    private readonly List<Element> _entries = [];
    private readonly Dictionary<string, int> _sizes = new(StringComparer.Ordinal);

    public ObjectModel Build()
    {
        var ordinary = source.Sections.FindAll(s => !SpecialSections.IsIgnored(s) && SpecialSections.Find(s) is null);
        var special = source.Sections.FindAll(s => SpecialSections.Find(s) is not null);
        CutBySymbols(ordinary);
        foreach (var section in ordinary.Concat(special))
        {
            _targets[section] = ResolveTargets(section);
        }
        CutAnonymous(ordinary);
        foreach (var section in ordinary)
        {
            MakeReferences(section, _bySection[section]);
        }
        foreach (var section in special)
        {
            CutEntries(section);
        }
        foreach (var section in ordinary)
        {
            AddEscapes(_bySection[section]);
        }
        AttachColdParts();
        return new ObjectModel(source, _bySymbol, _bySection, _entries, _sizes);
    }

    private void CutBySymbols(List<Section> ordinary)
    {
        var padding = PaddingStarts();
        var symbols = ordinary.ToDictionary(s => s, _ => new List<Symbol>());
        foreach (var symbol in source.Symbols)
        {
            if (symbol.Section is { } section && symbols.TryGetValue(section, out var list)
                && symbol.Type is SymbolType.Func or SymbolType.Object or SymbolType.NoType or SymbolType.Tls)
            {
                list.Add(symbol);
            }
        }
        foreach (var section in ordinary)
        {
            _bySection[section] = CutSection(section, symbols[section], padding.GetValueOrDefault(section));
        }
    }

    private List<Element> CutSection(Section section, List<Symbol> symbols, SortedSet<int>? padding)
    {
        var elements = new List<Element>();
        if (section.IsStrings)
        {
            return elements;
        }
        // The longest symbol at an address is the element, the rest are aliases; functions before labels, local names before
        // what is exported of them.
        symbols.Sort((a, b) =>
            a.Value != b.Value ? a.Value.CompareTo(b.Value)
            : a.Size != b.Size ? b.Size.CompareTo(a.Size)
            : a.Type != b.Type ? b.Type.CompareTo(a.Type)
            : a.Binding != b.Binding && (a.Binding == SymbolBinding.Local || b.Binding == SymbolBinding.Local) ? a.Binding.CompareTo(b.Binding)
            : string.CompareOrdinal(a.Name, b.Name));
        var prefixStart = -1;
        var end = 0;
        for (var i = 0; i < symbols.Count; i++)
        {
            var symbol = symbols[i];
            var value = (int)symbol.Value;
            if (IsPrefixSymbol(symbol))
            {
                prefixStart = prefixStart < 0 ? value : prefixStart;
                continue;
            }
            if (elements.Count > 0 && (value < end || value == elements[^1].EntryPoint))
            {
                elements[^1].Aliases.Add(symbol);
                _bySymbol[symbol] = elements[^1];
                continue;
            }
            var size = symbol.Size > 0 ? (int)symbol.Size : SizeToNext(section, symbols, i);
            var start = value;
            if (prefixStart >= end && prefixStart >= 0)
            {
                start = prefixStart;
            }
            else if (padding is not null && padding.GetViewBetween(Math.Max(end, value - 64), value) is { Count: > 0 } starts)
            {
                start = starts.Max;
            }
            prefixStart = -1;
            end = value + size;
            var kind = section.IsCode ? ElementKind.Function : ElementKind.Data;
            var element = new Element(kind, symbol.Name, section, start, end - start) { Symbol = symbol, Prefix = value - start };
            elements.Add(element);
            _bySymbol[symbol] = element;
        }
        return elements;
    }

    private static bool IsPrefixSymbol(Symbol symbol) =>
        symbol.Name.StartsWith("__pfx_", StringComparison.Ordinal) || symbol.Name.StartsWith("__cfi_", StringComparison.Ordinal);

    private static int SizeToNext(Section section, List<Symbol> symbols, int i)
    {
        for (var next = i + 1; next < symbols.Count; next++)
        {
            if (symbols[next].Value > symbols[i].Value)
            {
                return (int)(symbols[next].Value - symbols[i].Value);
            }
        }
        return (int)(section.Size - symbols[i].Value);
    }

    /// <summary>Where the compiler put padding before functions: it lists the places in __patchable_function_entries.</summary>
    private Dictionary<Section, SortedSet<int>> PaddingStarts()
    {
        var starts = new Dictionary<Section, SortedSet<int>>(ReferenceEqualityComparer.Instance);
        foreach (var section in source.Sections)
        {
            if (section.Name != "__patchable_function_entries")
            {
                continue;
            }
            foreach (var relocation in section.Relocations)
            {
                if (relocation.Symbol.Section is { } code)
                {
                    if (!starts.TryGetValue(code, out var set))
                    {
                        starts[code] = set = [];
                    }
                    set.Add((int)((long)relocation.Symbol.Value + relocation.Addend));
                }
            }
        }
        return starts;
    }

    /// <summary>For each relocation of <paramref name="section"/>: the section and offset it points at, if its symbol is defined here.</summary>
    private RawTarget[] ResolveTargets(Section section)
    {
        var relocations = section.Relocations;
        var targets = new RawTarget[relocations.Count];
        var operands = section.IsCode && _bySection.ContainsKey(section) ? Operands(section) : null;
        for (var i = 0; i < targets.Length; i++)
        {
            var r = relocations[i];
            // In data a PC-relative value counts from the field itself.
            var delta = RelocationType.IsPcRelative(r.Type) ? operands?[i].PcDelta ?? 0 : 0;
            // The assembler spells a call of a local function PC32 and of any other PLT32: a branch is a branch.
            var type = r.Type == RelocationType.Pc32 && operands is not null && operands[i].IsBranch ? RelocationType.Plt32 : r.Type;
            targets[i] = r.Symbol.Section is { } target
                ? new RawTarget(type, target, (long)r.Symbol.Value + r.Addend + delta, delta)
                : new RawTarget(type, null, r.Addend + delta, delta);
        }
        return targets;
    }

    private InstructionLayout.Operand[] Operands(Section section)
    {
        var relocations = section.Relocations;
        var operands = new InstructionLayout.Operand[relocations.Count];
        Array.Fill(operands, new InstructionLayout.Operand(4, false));
        var order = Enumerable.Range(0, relocations.Count).Where(i => relocations[i].Type == RelocationType.Pc32)
            .OrderBy(i => relocations[i].Offset).ToArray();
        if (order.Length == 0 || section.Type == SectionType.NoBits)
        {
            return operands;
        }
        // Each function is decoded from its own start: padding between functions need not decode.
        var runs = _bySection[section].Count > 0 ? _bySection[section].ConvertAll(e => (e.Start, e.Size)) : [(0, section.Data.Length)];
        var next = 0;
        foreach (var (start, size) in runs)
        {
            var first = next;
            while (next < order.Length && (int)relocations[order[next]].Offset < start + size)
            {
                next++;
            }
            var fields = order[first..next].Select(i => (int)relocations[i].Offset - start).Where(f => f >= 0).ToArray();
            var found = InstructionLayout.Operands(section.Data.AsSpan(start, size), fields);
            for (var i = 0; i < found.Length; i++)
            {
                operands[order[next - found.Length + i]] = found[i];
            }
        }
        return operands;
    }

    /// <summary>Cuts what no symbol covers at every place that is referred to.</summary>
    private void CutAnonymous(List<Section> ordinary)
    {
        var places = new Dictionary<Section, SortedSet<int>>(ReferenceEqualityComparer.Instance);
        foreach (var (section, targets) in _targets)
        {
            for (var i = 0; i < targets.Length; i++)
            {
                var t = targets[i];
                if (t.Section is { IsStrings: false } target && _bySection.TryGetValue(target, out var elements)
                    && section.Relocations[i].Symbol.IsSection
                    && t.Offset >= 0 && t.Offset < (long)target.Size && At(elements, t.Offset) is null)
                {
                    if (!places.TryGetValue(target, out var set))
                    {
                        places[target] = set = [];
                    }
                    set.Add((int)t.Offset);
                }
            }
        }
        foreach (var section in ordinary)
        {
            if (!places.TryGetValue(section, out var starts))
            {
                continue;
            }
            var elements = _bySection[section];
            var kind = section.IsCode ? ElementKind.Chunk : ElementKind.Constant;
            var merged = (section.Flags & SectionFlags.Merge) != 0 && section.EntrySize is > 0 and <= 4096;
            var made = new List<Element>();
            foreach (var start in starts)
            {
                var following = LastStartingAtOrBefore(elements, start) + 1;
                var next = following < elements.Count ? elements[following].Start : (int)section.Size;
                var cut = merged ? Math.Min(next, start + (int)section.EntrySize) : next;
                made.Add(new Element(kind, "", section, start, cut - start));
            }
            for (var i = 0; i + 1 < made.Count; i++)
            {
                made[i].Size = Math.Min(made[i].Size, made[i + 1].Start - made[i].Start);
            }
            elements.AddRange(made);
            elements.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Size.CompareTo(b.Size));
        }
    }

    private static Element? At(List<Element> elements, long offset)
    {
        var i = LastStartingAtOrBefore(elements, offset);
        // Zero-sized elements share a start with their neighbour; the one with bytes is meant.
        for (; i >= 0; i--)
        {
            var e = elements[i];
            if (offset < e.Start + e.Size || (e.Size == 0 && offset == e.Start))
            {
                return e;
            }
            if (e.Size > 0)
            {
                return null;
            }
        }
        return null;
    }

    private static int LastStartingAtOrBefore(List<Element> elements, long offset)
    {
        int low = 0, high = elements.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (elements[middle].Start <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }
        return high;
    }

    private void MakeReferences(Section section, List<Element> elements)
    {
        for (var i = 0; i < section.Relocations.Count; i++)
        {
            var r = section.Relocations[i];
            if (r.Type != RelocationType.None && At(elements, (long)r.Offset) is { } holder)
            {
                AddReference(holder, section, i);
            }
        }
        foreach (var element in elements)
        {
            element.References.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        }
    }

    private void AddReference(Element holder, Section section, int index)
    {
        var reference = Reference(section, index, (int)section.Relocations[index].Offset - holder.Start);
        if (reference.Offset + reference.Width > holder.Size)
        {
            throw new ElfFormatException(source.Name, $"{section.Name}+0x{section.Relocations[index].Offset:x}", $"relocation reaches past the end of {holder}");
        }
        holder.References.Add(reference);
    }

    private Reference Reference(Section section, int index, int offset)
    {
        var r = section.Relocations[index];
        var t = _targets[section][index];
        if (t.Section is null)
        {
            return new Reference(offset, t.Type, null, r.Symbol, t.Offset, t.PcDelta);
        }
        var target = r.Symbol.IsSection || t.Section.IsStrings ? Locate(t.Section, t.Offset) : _bySymbol.GetValueOrDefault(r.Symbol);
        return target is null
            ? new Reference(offset, t.Type, null, r.Symbol, t.Offset - (long)r.Symbol.Value, t.PcDelta)
            : new Reference(offset, t.Type, target, null, t.Offset - target.EntryPoint, t.PcDelta);
    }

    private Element? Locate(Section section, long offset)
    {
        if (section.IsStrings)
        {
            return Literal(section, offset);
        }
        if (!_bySection.TryGetValue(section, out var elements) || elements.Count == 0)
        {
            return null;
        }
        // Compilers also point just before or just past an object: &array[N] belongs to array.
        return At(elements, offset) ?? elements[Math.Max(0, LastStartingAtOrBefore(elements, offset))];
    }

    private Element? Literal(Section section, long offset)
    {
        if (offset < 0 || offset >= section.Data.Length)
        {
            return null;
        }
        if (!_literals.TryGetValue((section, offset), out var literal))
        {
            var width = section.EntrySize is 2 or 4 ? (int)section.EntrySize : 1;
            var end = (int)offset;
            while (end + width <= section.Data.Length && section.Data.AsSpan(end, width).ContainsAnyExcept((byte)0))
            {
                end += width;
            }
            end = Math.Min(end + width, section.Data.Length);
            literal = new Element(ElementKind.Literal, "", section, (int)offset, end - (int)offset);
            _literals[(section, offset)] = literal;
        }
        return literal;
    }

    private void CutEntries(Section section)
    {
        if (section.Data.Length == 0)
        {
            return;
        }
        var kind = SpecialSections.Find(section)!;
        var size = SpecialSections.EntrySize(kind, section, entrySizes, source.Name);
        _sizes[section.Name] = size;
        var made = new Element[(section.Data.Length + size - 1) / size];
        for (var i = 0; i < made.Length; i++)
        {
            made[i] = new Element(ElementKind.Entry, "", section, i * size, Math.Min(size, section.Data.Length - i * size));
        }
        for (var i = 0; i < section.Relocations.Count; i++)
        {
            if (section.Relocations[i].Type != RelocationType.None)
            {
                AddReference(made[Math.Min((int)section.Relocations[i].Offset / size, made.Length - 1)], section, i);
            }
        }
        var companions = section.Name == ".orc_unwind_ip" ? source.FindSection(".orc_unwind") : null;
        for (var i = 0; i < made.Length; i++)
        {
            var entry = made[i];
            entry.References.Sort((a, b) => a.Offset.CompareTo(b.Offset));
            if (companions is not null)
            {
                var width = companions.Data.Length / made.Length;
                entry.Companion = companions.Data.AsSpan(i * width, width).ToArray();
            }
            if (entry.References is [{ Target: { Kind: ElementKind.Function or ElementKind.Chunk } owner }, ..])
            {
                entry.Owner = owner;
                owner.Entries.Add(entry);
            }
            _entries.Add(entry);
        }
    }

    /// <summary>
    /// Code of one section reaches its neighbours without relocations. Where an element stands alone in its
    /// section this cannot happen; elsewhere such operands become references, else the code could not be moved.
    /// </summary>
    private static void AddEscapes(List<Element> elements)
    {
        if (elements.Count < 2 || !elements[0].Section.IsCode)
        {
            return;
        }
        foreach (var element in elements)
        {
            if (element.Kind != ElementKind.Function)
            {
                continue;
            }
            var relocated = element.References.Select(r => r.Offset).ToHashSet();
            foreach (var escape in InstructionLayout.Escapes(element.Bytes, relocated))
            {
                element.IsUnmovable |= escape.Width != 4;
                if (escape.Width == 4 && At(elements, element.Start + escape.Target) is { } target)
                {
                    element.References.Add(new Reference(
                        escape.Offset, escape.IsBranch ? RelocationType.Plt32 : RelocationType.Pc32, target, null,
                        element.Start + escape.Target - target.EntryPoint, escape.Next - escape.Offset));
                }
            }
            element.References.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        }
    }

    private void AttachColdParts()
    {
        var functions = _bySection.Values.SelectMany(l => l).Where(e => e.Kind == ElementKind.Function).ToList();
        var byName = new Dictionary<string, Element>(StringComparer.Ordinal);
        foreach (var function in functions)
        {
            byName.TryAdd(function.Name, function);
        }
        foreach (var part in functions.Where(f => SymbolNames.IsCold(f.Name)))
        {
            part.Parent = byName.GetValueOrDefault(SymbolNames.ColdParent(part.Name))
                ?? functions.Find(f => f.References.Exists(r => r.Target == part));
            part.Parent?.Parts.Add(part);
        }
    }
}
