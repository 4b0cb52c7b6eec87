using System.Buffers.Binary;

namespace Suture.Elf;

/// <summary>
/// An executable ELF64 file (ET_EXEC or ET_DYN) whose loaded bytes are read by virtual address, as a
/// decompressed kernel image is.
/// </summary>
public sealed class ElfImage
{
    private const int ProgramHeaderSize = 56;
    private readonly byte[] _bytes;
    private readonly Segment[] _segments;

    private readonly record struct Segment(uint Type, ulong Address, ulong Offset, ulong FileSize, ulong MemorySize);

    private ElfImage(byte[] bytes, Segment[] segments)
    {
        _bytes = bytes;
        _segments = segments;
    }

    /// <summary>Reads the program headers of <paramref name="bytes"/>; <paramref name="name"/> is used in messages.</summary>
    /// <exception cref="ElfFormatException">It is not a well-formed executable x86-64 file.</exception>
    public static ElfImage Read(byte[] bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.Length < 64 || BinaryPrimitives.ReadUInt32BigEndian(bytes) != 0x7f454c46 || bytes[4] != 2 || bytes[5] != 1)
        {
            throw new ElfFormatException(name, "ELF header", "not a 64-bit little-endian ELF file; it may be truncated");
        }
        var tableOffset = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(32));
        var entrySize = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(54));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(56));
        if (entrySize != ProgramHeaderSize || count == 0 || tableOffset > (ulong)bytes.Length
            || (ulong)count * ProgramHeaderSize > (ulong)bytes.Length - tableOffset)
        {
            throw new ElfFormatException(name, "program headers", "missing or outside the file; it may be truncated");
        }
        var segments = new Segment[count];
        for (var i = 0; i < count; i++)
        {
            var h = bytes.AsSpan((int)tableOffset + i * ProgramHeaderSize, ProgramHeaderSize);
            var segment = new Segment(
                BinaryPrimitives.ReadUInt32LittleEndian(h),
                BinaryPrimitives.ReadUInt64LittleEndian(h[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(h[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(h[32..]),
                BinaryPrimitives.ReadUInt64LittleEndian(h[40..]));
            if (segment.Offset > (ulong)bytes.Length || segment.FileSize > (ulong)bytes.Length - segment.Offset)
            {
                throw new ElfFormatException(name, $"program header {i}", "segment reaches past the end of the file; it may be truncated");
            }
            segments[i] = segment;
        }
        return new ElfImage(bytes, segments);
    }

    /// <summary>
    /// The bytes at virtual address <paramref name="address"/>. False when they are not all backed by the
    /// file (outside every PT_LOAD segment, or zero-filled memory).
    /// </summary>
    public bool TryRead(ulong address, int length, out ReadOnlySpan<byte> bytes)
    {
        foreach (var segment in _segments)
        {
            if (segment.Type == 1 && address >= segment.Address && address - segment.Address < segment.FileSize
                && (ulong)length <= segment.FileSize - (address - segment.Address))
            {
                bytes = _bytes.AsSpan((int)(segment.Offset + (address - segment.Address)), length);
                return true;
            }
        }
        bytes = default;
        return false;
    }

    /// <summary>As many bytes as the file backs from <paramref name="address"/> on, at most <paramref name="maxLength"/>; empty when there are none.</summary>
    public ReadOnlySpan<byte> ReadUpTo(ulong address, int maxLength)
    {
        foreach (var segment in _segments)
        {
            if (segment.Type == 1 && address >= segment.Address && address - segment.Address < segment.FileSize)
            {
                var available = Math.Min((ulong)maxLength, segment.FileSize - (address - segment.Address));
                return _bytes.AsSpan((int)(segment.Offset + (address - segment.Address)), (int)available);
            }
        }
        return default;
    }

    /// <summary>The bytes behind everything that the file's headers account for.</summary>
    public ReadOnlySpan<byte> Trailer
    {
        get
        {
            var sectionHeaders = BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(40))
                + (ulong)BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(58)) * BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(60));
            var end = _segments.Max(s => s.Offset + s.FileSize);
            end = Math.Max(end, sectionHeaders <= (ulong)_bytes.Length ? sectionHeaders : 0);
            return _bytes.AsSpan((int)end);
        }
    }

    /// <summary>The GNU build-id in lower-case hexadecimal from the PT_NOTE segments, or null when there is none.</summary>
    public string? BuildId()
    {
        foreach (var segment in _segments)
        {
            if (segment.Type == 4
                && ElfNotes.FindBuildId(_bytes.AsSpan((int)segment.Offset, (int)segment.FileSize)) is { } id)
            {
                return id;
            }
        }
        return null;
    }
}
