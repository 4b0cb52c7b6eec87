using Suture.Elf;

namespace Suture.Diff.Model;

/// <content>Spelling every relocation, and what the assembler resolved itself, as a reference between elements.</content>
internal sealed partial class ObjectModelBuilder
{
    /// <summary>
    /// Where a relocation points: <paramref name="Mark"/> is a constant that the kernel adds and takes off again; <paramref name="Place"/> is in what it
    /// means, from where it may point elsewhere.
    /// </summary>
    private readonly record struct RawTarget(uint Type, Section? Section, long Offset, int PcDelta, long Mark = 0, long Place = 0, OperandUse Use = OperandUse.Value);

    /// <summary>For each relocation of <paramref name="section"/>: the section and offset it points at, if its symbol is defined here.</summary>
    private RawTarget[] ResolveTargets(Section section)
    {
        var relocations = section.Relocations;
        var targets = new RawTarget[relocations.Count];
        var operands = section.IsCode && _bySection.ContainsKey(section) ? Operands(section) : null;
        var bugSize = section.Name == "__bug_table" ? LayoutOf(section)?.Size ?? 0 : 0;
        for (var i = 0; i < targets.Length; i++)
        {
            var r = relocations[i];
            // In data a PC-relative value counts from the field itself.
            var delta = RelocationType.IsPcRelative(r.Type) ? operands?[i].PcDelta ?? 0 : 0;
            // The assembler spells a call of a local function PC32 and of any other PLT32: a branch is a branch.
            var type = r.Type == RelocationType.Pc32 && operands is not null && operands[i].IsBranch ? RelocationType.Plt32 : r.Type;
            var mark = section.Name == "__ex_table" && r.Addend >= MarkedFixup ? MarkedFixup
                : bugSize > 0 ? FromEntry(r, (int)(r.Offset % (ulong)bugSize)) : 0;
            var use = operands?[i].Use ?? OperandUse.Value;
            var offset = r.Addend + delta - mark;
            targets[i] = r.Symbol.Section is { } target
                ? new RawTarget(type, target, (long)r.Symbol.Value + offset, delta, mark, (long)r.Symbol.Value + (IsCounted(r.Symbol, target, offset, use) ? 0 : offset), use)
                : new RawTarget(type, null, offset, delta, Use: use);
        }
        return targets;
    }

    /// <summary>
    /// Whether <paramref name="offset"/> counts from what <paramref name="symbol"/> marks: <c>"KMG"[i - 1]</c> is before the text and means the text. What
    /// lies within a text, and is not counted on from, is a text of its own.
    /// </summary>
    private bool IsCounted(Symbol symbol, Section section, long offset, OperandUse use) => !symbol.IsSection
        && !(section.IsStrings && use != OperandUse.Indexed && Literal(section, (long)symbol.Value) is { } text && offset >= 0 && offset < text.Size);

    private InstructionLayout.Operand[] Operands(Section section)
    {
        var relocations = section.Relocations;
        var operands = new InstructionLayout.Operand[relocations.Count];
        Array.Fill(operands, new InstructionLayout.Operand(4, false));
        var order = Enumerable.Range(0, relocations.Count).Where(i => relocations[i].Type is RelocationType.Pc32 or RelocationType.Abs32S or RelocationType.Abs32)
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

    private void MakeReferences(Section section, List<Element> elements)
    {
        for (var i = 0; i < section.Relocations.Count; i++)
        {
            var r = section.Relocations[i];
            if (r.Type == RelocationType.None)
            {
                continue;
            }
            if (At(elements, (long)r.Offset) is { } holder)
            {
                AddReference(holder, section, i);
            }
            else if (section is { IsAlloc: true, IsCode: false } && _targets[section][i] is { Section: { IsCode: true } code, Offset: var place }
                && Locate(code, place) is { } described && place != described.EntryPoint)
            {
                described.UnknownTable = section.Name;
            }
        }
        foreach (var element in elements)
        {
            element.References.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        }
    }

    private void AddReference(Element holder, Section section, int index)
    {
        var reference = Reference(holder, section, index, (int)section.Relocations[index].Offset - holder.Start);
        if (reference.Offset + reference.Width > holder.Size)
        {
            throw new ElfFormatException(source.Name, $"{section.Name}+0x{section.Relocations[index].Offset:x}", $"relocation reaches past the end of {holder}");
        }
        holder.References.Add(reference);
    }

    private Reference Reference(Element holder, Section section, int index, int offset)
    {
        var r = section.Relocations[index];
        var t = _targets[section][index];
        if (t.Section is null)
        {
            return _bySymbol.TryGetValue(r.Symbol, out var common)
                ? new Reference(offset, t.Type, common, null, t.Offset, t.PcDelta)
                : new Reference(offset, t.Type, null, r.Symbol, t.Offset, t.PcDelta);
        }
        var target = IsPlace(r.Symbol) || t.Section.IsStrings ? Locate(t.Section, t.Place)
            : holder.Kind == ElementKind.Entry && t.Section.IsCode ? Described(r.Symbol, t.Section, t.Offset)
            : _bySymbol.GetValueOrDefault(r.Symbol);
        return target is null
            ? new Reference(offset, t.Type, null, r.Symbol, t.Offset - (long)r.Symbol.Value + t.Mark, t.PcDelta)
            : new Reference(offset, t.Type, target, null, t.Offset - target.EntryPoint + t.Mark, t.PcDelta) { Use = t.Use, IsBySection = r.Symbol.IsSection };
    }

    /// <summary>
    /// The code that an entry describes. Tools that write tables spell a place by whatever symbol its section has
    /// (recordmcount by the first that is not weak), so the place tells, not the symbol.
    /// </summary>
    private Element? Described(Symbol symbol, Section section, long offset)
    {
        var named = _bySymbol.GetValueOrDefault(symbol);
        return named is not null && offset >= named.Start && offset < named.Start + named.Size ? named
            : At(_bySection.GetValueOrDefault(section) ?? [], offset) ?? named;
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
            if (element.Kind != ElementKind.Function && !(element.Kind == ElementKind.Chunk && !Alternative.IsReplacement(element.Section)))
            {
                continue;
            }
            var relocated = element.References.Select(r => r.Offset).ToHashSet();
            foreach (var escape in InstructionLayout.Escapes(element.Bytes, relocated))
            {
                var target = escape.Width == 4 ? At(elements, element.Start + escape.Target) : null;
                element.IsUnmovable |= target is null;
                if (target is not null)
                {
                    element.References.Add(new Reference(
                        escape.Offset, escape.IsBranch ? RelocationType.Plt32 : RelocationType.Pc32, target, null,
                        element.Start + escape.Target - target.EntryPoint, escape.Next - escape.Offset));
                }
            }
            element.References.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        }
    }
}
