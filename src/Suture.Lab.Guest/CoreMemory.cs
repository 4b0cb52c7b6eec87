using System.Buffers.Binary;

namespace Suture.Lab.Guest;

/// <summary>The running kernel's memory by virtual address: /proc/kcore, an ELF core file whose segments are the kernel's address ranges.</summary>
internal sealed class CoreMemory : IDisposable
{
    private const int ProgramHeaderSize = 56;
    private const int MaxHeaders = 1000;

    private readonly FileStream _file = new("/proc/kcore", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
    private readonly List<(ulong Address, ulong Size, ulong Offset)> _segments = [];

    public CoreMemory()
    {
        var header = ReadAt(0, 64);
        var count = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56)), (ushort)MaxHeaders);
        var table = ReadAt((long)BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32)), count * ProgramHeaderSize);
        for (var i = 0; i < count; i++)
        {
            var h = table.AsSpan(i * ProgramHeaderSize);
            if (BinaryPrimitives.ReadUInt32LittleEndian(h) == 1)
            {
                _segments.Add((BinaryPrimitives.ReadUInt64LittleEndian(h[16..]), BinaryPrimitives.ReadUInt64LittleEndian(h[40..]), BinaryPrimitives.ReadUInt64LittleEndian(h[8..])));
            }
        }
    }

    /// <summary>The bytes at <paramref name="address"/>; null when no segment holds them.</summary>
    public byte[]? Read(ulong address, int length)
    {
        foreach (var (start, size, offset) in _segments)
        {
            if (address >= start && address - start < size && (ulong)length <= size - (address - start))
            {
                return ReadAt((long)(offset + (address - start)), length);
            }
        }
        return null;
    }

    public void Dispose() => _file.Dispose();

    private byte[] ReadAt(long offset, int length)
    {
        var bytes = new byte[length];
        _file.Seek(offset, SeekOrigin.Begin);
        _file.ReadExactly(bytes);
        return bytes;
    }
}
