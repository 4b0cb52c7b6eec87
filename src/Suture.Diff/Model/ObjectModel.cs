using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>
/// One object, canonicalised: cut into <see cref="Element"/>s whose references name elements or external
/// symbols. Two models can be compared without looking at ELF again.
/// </summary>
public sealed class ObjectModel
{
    private readonly Dictionary<Symbol, Element> _bySymbol;
    private readonly Dictionary<Section, List<Element>> _bySection;

    internal ObjectModel(
        ElfObject source, Dictionary<Symbol, Element> bySymbol, Dictionary<Section, List<Element>> bySection,
        List<Element> entries, Dictionary<string, int> entrySizes)
    {
        Source = source;
        _bySymbol = bySymbol;
        _bySection = bySection;
        Entries = entries;
        EntrySizes = entrySizes;
        Elements = [.. bySection.OrderBy(p => p.Key.Index).SelectMany(p => p.Value)];
        Functions = Elements.FindAll(e => e.Kind == ElementKind.Function);
        Data = Elements.FindAll(e => e.Kind == ElementKind.Data);
    }

    /// <summary>The object it was made from.</summary>
    public ElfObject Source { get; }

    /// <summary>The translation units it was made of, in order: names of source files, numbered where several have one name.</summary>
    public required IReadOnlyList<string> Units { get; init; }

    /// <summary>All elements but special-section entries, in file order.</summary>
    public List<Element> Elements { get; }

    /// <summary>The functions, in file order.</summary>
    public List<Element> Functions { get; }

    /// <summary>The named data, in file order.</summary>
    public List<Element> Data { get; }

    /// <summary>All special-section entries, in file order.</summary>
    public List<Element> Entries { get; }

    /// <summary>Entry size in bytes of each special section present, by section name.</summary>
    public Dictionary<string, int> EntrySizes { get; }

    /// <summary>
    /// How the object's assembler spells branches to other sections: PLT32, or, until 2018, PC32. Module loaders before
    /// Linux 4.16 do not know PLT32, so an output keeps to what its source does.
    /// </summary>
    public uint BranchType => Source.Sections.Exists(s => s.Relocations.Exists(r => r.Type == RelocationType.Plt32))
        ? RelocationType.Plt32 : RelocationType.Pc32;

    /// <summary>Empties the sections with debug information, which make up most of an object, when types have been compared.</summary>
    public void ForgetDebugInformation()
    {
        foreach (var section in Source.Sections.Where(s => !s.IsAlloc && s.Name.StartsWith(".debug", StringComparison.Ordinal)))
        {
            section.Data = [];
            section.Relocations.Clear();
            section.Relocations.TrimExcess();
        }
    }

    /// <summary>The element that <paramref name="symbol"/> names or points into, or null.</summary>
    public Element? Find(Symbol symbol) => _bySymbol.GetValueOrDefault(symbol);

    /// <summary>The elements of <paramref name="section"/> by ascending start.</summary>
    public IReadOnlyList<Element> In(Section section) => _bySection.TryGetValue(section, out var list) ? list : [];

    /// <summary>What lies before <paramref name="element"/> in its section; null when nothing does.</summary>
    public Element? Before(Element element)
    {
        ArgumentNullException.ThrowIfNull(element);
        return _bySection.TryGetValue(element.Section, out var list) && ObjectModelBuilder.LastStartingAtOrBefore(list, element.Start - 1) is >= 0 and var i ? list[i] : null;
    }

    /// <summary>What lies behind <paramref name="element"/> in its section; null when nothing does.</summary>
    public Element? After(Element element)
    {
        ArgumentNullException.ThrowIfNull(element);
        return _bySection.TryGetValue(element.Section, out var list) && ObjectModelBuilder.LastStartingAtOrBefore(list, element.Start) + 1 is var i && i < list.Count ? list[i] : null;
    }

    /// <summary>Canonicalises <paramref name="source"/>; <paramref name="entrySizes"/> overrides special-section entry sizes by option name.</summary>
    /// <exception cref="ElfFormatException">The object contradicts itself.</exception>
    public static ObjectModel Build(ElfObject source, IReadOnlyDictionary<string, int>? entrySizes = null) =>
        new ObjectModelBuilder(source, entrySizes ?? new Dictionary<string, int>()).Build();
}
