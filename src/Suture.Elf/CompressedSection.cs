using System.Buffers.Binary;
using System.IO.Compression;

namespace Suture.Elf;

/// <summary>
/// Sections that compilers wrote compressed, which only debugging information is: with SHF_COMPRESSED and a header (ELF specification),
/// or, before that was agreed on, with <c>.zdebug</c> names and a header of GNU's.
/// </summary>
internal static class CompressedSection
{
    /// <summary>Bytes that all of an object together may hold once expanded: what a hostile header says must not reach an allocator.</summary>
    public const ulong MaxExpanded = 1UL << 28;

    private const string OldPrefix = ".zdebug_";
    private const int HeaderSize = 24;
    private const int OldHeaderSize = 12;

    /// <summary>ELFCOMPRESS_ZLIB.</summary>
    private const uint Zlib = 1;

    /// <summary>Whether a section of this name and these flags is compressed.</summary>
    public static bool Is(string name, SectionFlags flags) => (flags & SectionFlags.Alloc) == 0
        && ((flags & SectionFlags.Compressed) != 0 || name.StartsWith(OldPrefix, StringComparison.Ordinal));

    /// <summary>The name it would have if it were not compressed.</summary>
    public static string PlainName(string name) => name.StartsWith(OldPrefix, StringComparison.Ordinal) ? ".debug_" + name[OldPrefix.Length..] : name;

    /// <summary>Bytes of its contents once expanded, and the compressed bytes; null when they are compressed in a way not known here (zstd).</summary>
    /// <exception cref="InvalidDataException">It has no header.</exception>
    public static (ulong Size, byte[] Compressed)? Open(ReadOnlySpan<byte> section, SectionFlags flags)
    {
        var old = (flags & SectionFlags.Compressed) == 0;
        if (section.Length < (old ? OldHeaderSize : HeaderSize) || (old && !section.StartsWith("ZLIB"u8)))
        {
            throw new InvalidDataException("it is said to be compressed, and has no header that says how");
        }
        return old ? (BinaryPrimitives.ReadUInt64BigEndian(section[4..]), section[OldHeaderSize..].ToArray())
            : BinaryPrimitives.ReadUInt32LittleEndian(section) == Zlib
            ? (BinaryPrimitives.ReadUInt64LittleEndian(section[8..]), section[HeaderSize..].ToArray())
            : null;
    }

    /// <summary>Expands <paramref name="compressed"/> to <paramref name="size"/> bytes.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or does not hold as many.</exception>
    public static byte[] Expand(byte[] compressed, int size)
    {
        using var stream = new ZLibStream(new MemoryStream(compressed), CompressionMode.Decompress);
        var contents = new byte[size];
        return stream.ReadAtLeast(contents, size, throwOnEndOfStream: false) == size && stream.ReadByte() < 0
            ? contents : throw new InvalidDataException($"its compressed contents are not the {size} bytes that its header says");
    }
}
