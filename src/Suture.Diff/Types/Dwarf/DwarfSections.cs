using System.Buffers.Binary;
using Suture.Elf;

namespace Suture.Diff.Types.Dwarf;

/// <summary>The sections of DWARF in an object, with relocations between them applied.</summary>
internal sealed class DwarfSections(ElfObject source)
{
    public const string InfoName = ".debug_info";

    public TypeBytes Info { get; } = Of(source, InfoName);

    public TypeBytes Abbreviations { get; } = Of(source, ".debug_abbrev");

    public TypeBytes Text { get; } = Of(source, ".debug_str");

    public TypeBytes LineText { get; } = Of(source, ".debug_line_str");

    public TypeBytes TextOffsets { get; } = Of(source, ".debug_str_offsets");

    public TypeBytes Lines { get; } = Of(source, ".debug_line");

    private static TypeBytes Of(ElfObject source, string name) => source.FindSection(name) is { Type: not SectionType.NoBits } section
        ? new TypeBytes(source.Name, name, Relocate(section))
        : new TypeBytes(source.Name, name, []);

    private static byte[] Relocate(Section section)
    {
        if (section.Relocations.Count == 0)
        {
            return section.Data;
        }
        var data = section.Data.AsSpan().ToArray();
        foreach (var relocation in section.Relocations)
        {
            var value = unchecked((long)relocation.Symbol.Value + relocation.Addend);
            // Addresses of code matter to nobody here, but where they are not zero an entry has code.
            var place = data.AsSpan((int)relocation.Offset);
            switch (relocation.Type)
            {
                case RelocationType.Abs64:
                    BinaryPrimitives.WriteInt64LittleEndian(place, value);
                    break;
                case RelocationType.Abs32:
                    BinaryPrimitives.WriteUInt32LittleEndian(place, unchecked((uint)value));
                    break;
            }
        }
        return data;
    }
}
