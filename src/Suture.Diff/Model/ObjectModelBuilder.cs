using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>
/// Cuts an object into elements: first by symbols, then what no symbol names by the places that are referred
/// to, last the special sections by entry; then spells every relocation as a reference between elements.
/// </summary>
internal sealed partial class ObjectModelBuilder(ElfObject source, IReadOnlyDictionary<string, int> entrySizes)
{
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
        AddUnwindRecords();
        SortEntries();
        foreach (var section in ordinary)
        {
            AddEscapes(_bySection[section]);
        }
        var units = NameUnits();
        AttachColdParts();
        foreach (var element in _bySection.Values.SelectMany(l => l))
        {
            Characterise(element);
        }
        return new ObjectModel(source, _bySymbol, _bySection, _entries, _sizes) { Units = units };
    }

    /// <summary>Tells elements their units: local symbols follow the name of the file that they are of (STT_FILE, ELF specification).</summary>
    private List<string> NameUnits()
    {
        var units = new List<string>();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var symbol in source.Symbols.Where(s => s.Binding == SymbolBinding.Local))
        {
            if (symbol.Type == SymbolType.File)
            {
                var number = counts[symbol.Name] = counts.GetValueOrDefault(symbol.Name) + 1;
                units.Add(number == 1 ? symbol.Name : $"{symbol.Name} {number}");
            }
            else if (units.Count > 0 && _bySymbol.TryGetValue(symbol, out var element) && element.Symbol == symbol)
            {
                element.Unit = units[^1];
            }
        }
        return units;
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

    /// <summary>Index of the last of <paramref name="elements"/>, ascending, that starts at or before <paramref name="offset"/>; -1 when none does.</summary>
    internal static int LastStartingAtOrBefore(List<Element> elements, long offset)
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

    /// <summary>What an element's references say of it.</summary>
    private static void Characterise(Element element)
    {
        var writable = (element.Section.Flags & SectionFlags.Write) != 0;
        if (element.Kind == ElementKind.Data)
        {
            // A table of labels inside a function (computed goto) is of no use to another version of the function.
            element.IsOwnCopy = SymbolNames.IsOwnCopy(element.Name)
                || (SpecialSections.HoldsOwnCopies(element.Section) && !SymbolNames.IsOnceFlag(element.Name))
                || element.References.Exists(r => r.Target is { Kind: ElementKind.Function } && r.TargetOffset != 0);
        }
        else if (element.Kind == ElementKind.Constant && writable && element.Size >= 16
            && element.References is [{ Offset: 0, Target.Kind: ElementKind.Literal }, ..])
        {
            // Anonymous and writable is what UBSAN makes: struct source_location with file, line and column comes first.
            element.SourceLine = (8, 8);
        }
    }

    private void AttachColdParts()
    {
        var functions = _bySection.Values.SelectMany(l => l).Where(e => e.Kind == ElementKind.Function).ToList();
        var byName = new Dictionary<(string Unit, string Name), Element>();
        foreach (var function in functions)
        {
            byName.TryAdd((function.Unit, function.Name), function);
        }
        var referrers = new Dictionary<Element, Element>();
        foreach (var function in functions)
        {
            foreach (var reference in function.References.Where(r => r.Target is { Kind: ElementKind.Function } && r.Target != function))
            {
                referrers.TryAdd(reference.Target!, function);
            }
        }
        foreach (var part in functions.Where(f => SymbolNames.IsCold(f.Name)))
        {
            var name = SymbolNames.ColdParent(part.Name);
            part.Parent = byName.GetValueOrDefault((part.Unit, name)) ?? byName.GetValueOrDefault(("", name)) ?? referrers.GetValueOrDefault(part);
            part.Parent?.Parts.Add(part);
        }
    }
}
