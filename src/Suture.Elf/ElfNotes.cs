using System.Buffers.Binary;

namespace Suture.Elf;

/// <summary>Reads ELF notes (ELF specification "Note Section"): name size, descriptor size, type, then both padded to 4 bytes.</summary>
public static class ElfNotes
{
    /// <summary>The GNU build-id (NT_GNU_BUILD_ID = 3) in lower-case hexadecimal, or null. Malformed notes end the search.</summary>
    public static string? FindBuildId(ReadOnlySpan<byte> notes)
    {
        while (notes.Length >= 12)
        {
            var nameSize = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            var descriptorSize = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            var type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            var nameEnd = 12 + (((ulong)nameSize + 3) & ~3UL);
            var end = nameEnd + (((ulong)descriptorSize + 3) & ~3UL);
            if (end > (ulong)notes.Length)
            {
                return null;
            }
            if (type == 3 && nameSize == 4 && notes.Slice(12, 4).SequenceEqual("GNU\0"u8))
            {
                return Convert.ToHexStringLower(notes.Slice((int)nameEnd, (int)descriptorSize));
            }
            notes = notes[(int)end..];
        }
        return null;
    }
}
