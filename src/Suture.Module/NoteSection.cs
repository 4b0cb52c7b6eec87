using System.Buffers.Binary;
using System.Text;

namespace Suture.Module;

/// <summary>
/// The section <c>.note.suture</c>, ELF notes with the owner "Suture": type 1 holds the <see cref="LivepatchNote"/> as JSON, type 2 the
/// <see cref="ModuleSeal"/>. Being SHT_NOTE and SHF_ALLOC the kernel shows it as /sys/module/NAME/notes/.note.suture.
/// </summary>
public static class NoteSection
{
    /// <summary>Name of the section.</summary>
    public const string Name = ".note.suture";

    /// <summary>A note larger than this is not ours.</summary>
    public const int MaxBytes = 8 << 20;

    private const uint DescriptionType = 1;
    private const uint SealType = 2;
    private static ReadOnlySpan<byte> Owner => "Suture\0"u8;

    /// <summary>The section's bytes for <paramref name="note"/>, with a seal still to be made.</summary>
    public static byte[] Write(LivepatchNote note)
    {
        ArgumentNullException.ThrowIfNull(note);
        using var bytes = new MemoryStream();
        Append(bytes, DescriptionType, note.ToJson());
        Append(bytes, SealType, new byte[ModuleSeal.Bytes]);
        return bytes.ToArray();
    }

    /// <summary>The JSON of the description; empty when there is none.</summary>
    public static ReadOnlySpan<byte> Description(ReadOnlySpan<byte> section) =>
        Find(section, DescriptionType) is { Length: > 0 } found ? section.Slice(found.Start, found.Length) : default;

    /// <summary>Offset of the seal in the section; null when there is none.</summary>
    public static int? SealOffset(ReadOnlySpan<byte> section) =>
        Find(section, SealType) is { Length: ModuleSeal.Bytes } found ? found.Start : null;

    private static void Append(MemoryStream to, uint type, ReadOnlySpan<byte> descriptor)
    {
        Span<byte> header = stackalloc byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(header, Owner.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], descriptor.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], type);
        to.Write(header);
        WritePadded(to, Owner);
        WritePadded(to, descriptor);
    }

    private static void WritePadded(MemoryStream to, ReadOnlySpan<byte> bytes)
    {
        to.Write(bytes);
        while (to.Length % 4 != 0)
        {
            to.WriteByte(0);
        }
    }

    private static (int Start, int Length) Find(ReadOnlySpan<byte> section, uint type)
    {
        var at = 0;
        while (section.Length - at >= 12 && section.Length <= MaxBytes)
        {
            var nameSize = BinaryPrimitives.ReadUInt32LittleEndian(section[at..]);
            var size = BinaryPrimitives.ReadUInt32LittleEndian(section[(at + 4)..]);
            var start = at + 12 + (((long)nameSize + 3) & ~3L);
            if (start + size > section.Length)
            {
                break;
            }
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[(at + 8)..]) == type && nameSize == Owner.Length
                && section.Slice(at + 12, Owner.Length).SequenceEqual(Owner))
            {
                return ((int)start, (int)size);
            }
            var next = start + (((long)size + 3) & ~3L);
            if (next > section.Length)
            {
                break;
            }
            at = (int)next;
        }
        return default;
    }
}
