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

    /// <summary>Bytes of tables read per byte of their section: units share tables, and these may overlap only so much.</summary>
    private const long MaxReadPerByte = 16;

    private readonly Dictionary<ulong, Dictionary<ulong, DwarfAbbreviation>> _abbreviations = [];
    private readonly Dictionary<ulong, List<string>> _fileNames = [];
    private long _abbreviationBytes;
    private long _lineBytes;

    /// <summary>The table of forms at an offset.</summary>
    public Dictionary<ulong, DwarfAbbreviation> AbbreviationsAt(ulong offset)
    {
        if (!_abbreviations.TryGetValue(offset, out var table))
        {
            _abbreviations[offset] = table = DwarfAbbreviations.Read(Abbreviations, offset);
            Count(ref _abbreviationBytes, Abbreviations, offset);
        }
        return table;
    }

    /// <summary>The file names of the line table at an offset.</summary>
    public List<string> FileNamesAt(ulong offset)
    {
        if (!_fileNames.TryGetValue(offset, out var names))
        {
            _fileNames[offset] = names = DwarfFileNames.Read(this, offset);
            Count(ref _lineBytes, Lines, offset);
        }
        return names;
    }

    private static void Count(ref long read, TypeBytes bytes, ulong from)
    {
        read += bytes.At - (long)from;
        if (read > MaxReadPerByte * bytes.Length)
        {
            throw bytes.Fault("its tables overlap so much that they are larger than the section");
        }
    }

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
