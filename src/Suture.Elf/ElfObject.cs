namespace Suture.Elf;

/// <summary>
/// A relocatable ELF64 file for x86-64 (ET_REL) as a graph of sections, symbols and relocations that can
/// be read, changed and written. Knows nothing of the kernel beyond the livepatch flags of the format.
/// </summary>
public sealed partial class ElfObject
{
    /// <summary>e_machine of x86-64.</summary>
    public const ushort MachineX8664 = 62;

    private byte[] _trailer = [];

    /// <summary>Makes an empty object; <paramref name="name"/> is used in messages.</summary>
    public ElfObject(string name) => Name = name;

    /// <summary>Name of the input, for messages.</summary>
    public string Name { get; }

    /// <summary>Sections in file order, without the null entry and without those the writer makes.</summary>
    public List<Section> Sections { get; } = [];

    /// <summary>Symbols in file order without the null entry. The writer puts locals first.</summary>
    public List<Symbol> Symbols { get; } = [];

    /// <summary>Bytes of the file behind everything that ELF accounts for: a module's appended signature. Not written.</summary>
    public ReadOnlySpan<byte> Trailer => _trailer;

    /// <summary>The first section of that name, or null.</summary>
    public Section? FindSection(string name) => Sections.Find(s => s.Name == name);

    /// <summary>The section symbol of <paramref name="section"/>, made if there is none.</summary>
    public Symbol SectionSymbol(Section section)
    {
        foreach (var symbol in Symbols)
        {
            if (symbol.IsSection && symbol.Section == section)
            {
                return symbol;
            }
        }
        var made = new Symbol("") { Section = section, Type = SymbolType.Section };
        Symbols.Add(made);
        return made;
    }
}
