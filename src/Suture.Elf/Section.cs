namespace Suture.Elf;

/// <summary>
/// One section with what applies to it: its bytes, its relocations and the sections it points at.
/// Symbol tables, string tables and ordinary relocation sections are not sections of the graph; the
/// reader folds them into symbols and relocations and the writer makes them anew.
/// </summary>
public sealed class Section(string name, SectionType type, SectionFlags flags)
{
    /// <summary>Section name.</summary>
    public string Name { get; set; } = name;

    /// <summary>sh_type.</summary>
    public SectionType Type { get; set; } = type;

    /// <summary>sh_flags.</summary>
    public SectionFlags Flags { get; set; } = flags;

    /// <summary>sh_addralign in bytes; 0 and 1 both mean none.</summary>
    public ulong Alignment { get; set; } = 1;

    /// <summary>sh_entsize in bytes, 0 when entries have no fixed size.</summary>
    public ulong EntrySize { get; set; }

    /// <summary>The bytes; empty for <see cref="SectionType.NoBits"/>.</summary>
    public byte[] Data { get; set; } = [];

    /// <summary>Size in memory in bytes: the length of <see cref="Data"/> except for <see cref="SectionType.NoBits"/>.</summary>
    public ulong Size
    {
        get => Type == SectionType.NoBits ? _noBitsSize : (ulong)Data.Length;
        set => _noBitsSize = value;
    }

    /// <summary>Relocations that change this section's bytes, in offset order as the file had them.</summary>
    public List<Relocation> Relocations { get; } = [];

    /// <summary>Section of sh_link for link-ordered sections.</summary>
    public Section? Link { get; set; }

    /// <summary>For a livepatch relocation section (<see cref="SectionFlags.RelaLivepatch"/>): the section its <see cref="Relocations"/> change.</summary>
    public Section? Target { get; set; }

    /// <summary>For a group: its signature symbol.</summary>
    public Symbol? GroupSignature { get; set; }

    /// <summary>For a group: its members; <see cref="Data"/> then holds only the flag word.</summary>
    public List<Section> GroupMembers { get; } = [];

    /// <summary>Position in <see cref="ElfObject.Sections"/> when read; used to name places in messages.</summary>
    public int Index { get; internal set; }

    /// <summary>Whether the section occupies memory.</summary>
    public bool IsAlloc => (Flags & SectionFlags.Alloc) != 0;

    /// <summary>Whether the section holds instructions.</summary>
    public bool IsCode => (Flags & SectionFlags.ExecInstr) != 0;

    /// <summary>Whether the section holds mergeable zero-terminated strings.</summary>
    public bool IsStrings => (Flags & SectionFlags.Strings) != 0;

    /// <inheritdoc/>
    public override string ToString() => Name;

    private ulong _noBitsSize;
}
