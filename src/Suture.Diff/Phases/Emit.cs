using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Phases;

/// <summary>
/// Writes the included elements as an object of their own. What they refer to in the running kernel becomes
/// an undefined symbol under the original's name; <see cref="Externals"/> tells which original it is.
/// </summary>
internal sealed class Emit
{
    private readonly ElfObject _output;
    private readonly Dictionary<Element, Placement> _placed = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(string Name, SectionType Type, SectionFlags Flags), Section> _shared = [];
    private readonly Dictionary<Section, Symbol> _sectionSymbols = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(string, string), int> _literals = [];
    private readonly Dictionary<(Section, int), Symbol> _texts = [];
    private readonly Dictionary<object, Symbol> _undefined = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, Symbol> _undefinedByName = new(StringComparer.Ordinal);

    private readonly record struct Placement(Section Section, int Offset, Symbol? Symbol);

    private readonly uint _branchType;

    private Emit(string name, uint branchType) => (_output, _branchType) = (new ElfObject(name), branchType);

    /// <summary>For each undefined symbol of the output: the element of the original object it stands for, or null when the original does not define it either.</summary>
    public Dictionary<Symbol, Element?> Externals { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>For each included named element: its symbol in the output.</summary>
    public Dictionary<Element, Symbol> Symbols { get; } = new(ReferenceEqualityComparer.Instance);

    public static (ElfObject Output, Emit Maps) Run(ObjectModel patched, List<Element> included)
    {
        var emit = new Emit(patched.Source.Name, patched.BranchType);
        foreach (var element in included)
        {
            emit.Place(element);
        }
        var entries = included.SelectMany(e => e.Entries).ToList();
        foreach (var entry in entries.OrderBy(e => e.Section.Index).ThenBy(e => e.Start))
        {
            emit.PlaceEntry(entry);
        }
        foreach (var element in included.Concat(entries))
        {
            emit.Relocate(element);
        }
        return (emit._output, emit);
    }

    private void Place(Element element)
    {
        if (element.Kind == ElementKind.Literal)
        {
            PlaceLiteral(element);
            return;
        }
        var section = SectionFor(element);
        var offset = Append(section, element);
        if (element.Symbol is not { } source)
        {
            _placed[element] = new Placement(section, offset, null);
            return;
        }
        // New globals stay global for the other objects of the patch; changed ones must not shadow the original.
        var symbol = new Symbol(element.Name)
        {
            Section = section,
            Value = (ulong)(offset + element.Prefix),
            Size = (ulong)(element.Size - element.Prefix),
            Type = source.Type == SymbolType.NoType && element.Kind == ElementKind.Function ? SymbolType.Func : source.Type,
            Binding = element.Change == Change.New ? source.Binding : SymbolBinding.Local,
        };
        _output.Symbols.Add(symbol);
        _placed[element] = new Placement(section, offset, symbol);
        Symbols[element] = symbol;
        if (element.Change == Change.New)
        {
            AddAliases(element, section, offset);
        }
    }

    /// <summary>Other objects of the patch may know what is new by any of its global names.</summary>
    private void AddAliases(Element element, Section section, int offset)
    {
        foreach (var alias in element.Aliases.Where(a => a.Binding != SymbolBinding.Local))
        {
            _output.Symbols.Add(new Symbol(alias.Name)
            {
                Section = section,
                Value = (ulong)offset + alias.Value - (ulong)element.Start,
                Size = alias.Size,
                Type = alias.Type,
                Binding = alias.Binding,
                Other = alias.Other,
            });
        }
    }

    private Section SectionFor(Element element)
    {
        var source = element.Section;
        if (element.Kind == ElementKind.Chunk || !HasOwnSection(source))
        {
            return Shared(source, source.Name);
        }
        if (source.Name.StartsWith(".data..percpu", StringComparison.Ordinal))
        {
            // The module loader knows per-CPU data by this one name.
            return Shared(source, ".data..percpu");
        }
        var name = element.Name.Length == 0 || source.Name.EndsWith("." + element.Name, StringComparison.Ordinal)
            ? source.Name
            : $"{(source.IsCode ? CodePrefix(source.Name) : source.Name)}.{element.Name}";
        var section = new Section(name, source.Type, source.Flags & ~SectionFlags.Group & ~SectionFlags.Merge)
        {
            Alignment = source.Alignment,
            EntrySize = 0,
        };
        _output.Sections.Add(section);
        return section;
    }

    /// <summary>Whether each element of the section may stand alone; tables that the kernel finds by name may not be split.</summary>
    private static bool HasOwnSection(Section source) => source.IsCode
        || source.Name.StartsWith(".data", StringComparison.Ordinal)
        || source.Name.StartsWith(".bss", StringComparison.Ordinal)
        || source.Name.StartsWith(".rodata", StringComparison.Ordinal);

    private static string CodePrefix(string name) =>
        name.StartsWith(".text", StringComparison.Ordinal) && !name.StartsWith(".text.unlikely", StringComparison.Ordinal) ? ".text" : name;

    private Section Shared(Section source, string name)
    {
        // Tables that compilers tie to one section of code each become one table for all.
        var flags = source.Flags & ~(SectionFlags.Group | SectionFlags.LinkOrder);
        if (!_shared.TryGetValue((name, source.Type, flags), out var section))
        {
            section = new Section(name, source.Type, flags) { EntrySize = source.EntrySize };
            _shared[(name, source.Type, flags)] = section;
            _output.Sections.Add(section);
        }
        section.Alignment = Math.Max(section.Alignment, source.Alignment);
        return section;
    }

    private static int Append(Section section, Element element)
    {
        var alignment = (int)Math.Max(1, Math.Min(element.Section.Alignment, 4096));
        if (section.Type == SectionType.NoBits)
        {
            var at = ((int)section.Size + alignment - 1) & ~(alignment - 1);
            section.Size = (ulong)(at + element.Size);
            return at;
        }
        var offset = element.Kind == ElementKind.Entry ? section.Data.Length : (section.Data.Length + alignment - 1) & ~(alignment - 1);
        var data = new byte[offset + element.Size];
        section.Data.CopyTo(data, 0);
        element.Bytes.CopyTo(data.AsSpan(offset));
        section.Data = data;
        return offset;
    }

    private void PlaceLiteral(Element element)
    {
        var section = Shared(element.Section, element.Section.Name);
        var key = (section.Name, Convert.ToHexString(element.Bytes));
        if (!_literals.TryGetValue(key, out var offset))
        {
            offset = Append(section, element);
            _literals[key] = offset;
        }
        _placed[element] = new Placement(section, offset, null);
    }

    private void PlaceEntry(Element entry)
    {
        var section = Shared(entry.Section, entry.Section.Name);
        _placed[entry] = new Placement(section, Append(section, entry), null);
        if (entry.Companion is { } companion)
        {
            var records = Shared(new Section(".orc_unwind", SectionType.ProgBits, SectionFlags.Alloc), ".orc_unwind");
            records.Data = [.. records.Data, .. companion];
        }
    }

    private void Relocate(Element element)
    {
        var (section, offset, _) = _placed[element];
        foreach (var reference in element.References)
        {
            var at = offset + reference.Offset;
            // The addend is explicit in RELA; the kernel insists that the field itself be zero.
            section.Data.AsSpan(at, reference.Width).Clear();
            var (symbol, bias) = Resolve(element, reference);
            section.Relocations.Add(new Relocation((ulong)at, reference.Type == RelocationType.Plt32 ? _branchType : reference.Type, symbol, bias + reference.Addend));
        }
    }

    private (Symbol Symbol, long Bias) Resolve(Element from, Reference reference)
    {
        if (reference.Target is not { } target)
        {
            return (Undefined(reference.External!, reference.External!.Name, null), 0);
        }
        // An entry speaks of the copy of the code it describes; code speaks of originals where it takes addresses.
        if (target.Kind == ElementKind.Literal && (reference.TargetOffset < 0 || reference.TargetOffset >= target.Size))
        {
            return (TextSymbol(_placed[target]), 0);
        }
        if (_placed.TryGetValue(target, out var placement) && (from.Kind == ElementKind.Entry || Select.IsOwn(target, reference)))
        {
            // Places inside code are spelled by section, as assemblers do: objtool takes a function symbol for a call.
            return placement.Symbol is { } symbol && !(target.Kind == ElementKind.Function
                    && (reference.TargetOffset != 0 || target.Parent is not null || from.Kind is ElementKind.Entry or ElementKind.Chunk))
                ? (symbol, 0)
                : (SectionSymbol(placement.Section), placement.Offset + target.Prefix);
        }
        var original = target.Twin ?? throw new InvalidOperationException($"{from} refers to {target}, which is neither included nor in the original");
        return (Undefined(original, original.Name, original), 0);
    }

    /// <summary>A symbol for a text that is pointed at from outside of it: a linker that merges texts takes a section and a distance for the text that is there.</summary>
    private Symbol TextSymbol(Placement text)
    {
        if (!_texts.TryGetValue((text.Section, text.Offset), out var symbol))
        {
            _texts[(text.Section, text.Offset)] = symbol = new Symbol($".Ltext{_texts.Count}") { Section = text.Section, Value = (ulong)text.Offset };
            _output.Symbols.Add(symbol);
        }
        return symbol;
    }

    private Symbol Undefined(object identity, string name, Element? original)
    {
        // Undefined symbols of one name are one symbol; originals are told apart by identity.
        if (original is null && _undefinedByName.TryGetValue(name, out var known))
        {
            return known;
        }
        if (!_undefined.TryGetValue(identity, out var symbol))
        {
            // What nobody need define stays so: code asks whether its address is zero.
            symbol = new Symbol(name) { Binding = original is null && identity is Symbol { Binding: SymbolBinding.Weak } ? SymbolBinding.Weak : SymbolBinding.Global };
            _undefined[identity] = symbol;
            _output.Symbols.Add(symbol);
            Externals[symbol] = original;
            if (original is null)
            {
                _undefinedByName[name] = symbol;
            }
        }
        return symbol;
    }

    private Symbol SectionSymbol(Section section)
    {
        if (!_sectionSymbols.TryGetValue(section, out var symbol))
        {
            symbol = new Symbol("") { Section = section, Type = SymbolType.Section };
            _sectionSymbols[section] = symbol;
            _output.Symbols.Add(symbol);
        }
        return symbol;
    }
}
