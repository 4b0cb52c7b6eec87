using System.Buffers.Binary;

namespace Suture.Host.Memory;

/// <summary>The running kernel's memory by virtual address: /proc/kcore, an ELF core file whose segments are the kernel's address ranges.</summary>
public sealed class CoreMemory : IDisposable
{
    private const int ProgramHeaderSize = 56;
    private const int MaxHeaders = 1000;
    private const uint Load = 1;

    private readonly FileStream _file;
    private readonly List<(ulong Address, ulong Size, ulong Offset)> _segments = [];

    private CoreMemory(FileStream file) => _file = file;

    /// <summary>Opens it; null, with the reason in <paramref name="fault"/>, when the kernel does not let us or has none.</summary>
    public static CoreMemory? Open(KernelPaths paths, out string fault)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var path = paths.Core;
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            var memory = new CoreMemory(file);
            if (memory.ReadSegments())
            {
                fault = "";
                file = null;
                return memory;
            }
            fault = $"{path} is no core file of a 64-bit kernel";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"{path} cannot be read: {e.Message}";
        }
        finally
        {
            file?.Dispose();
        }
        return null;
    }

    /// <summary>The <paramref name="length"/> bytes at <paramref name="address"/>; null when no segment holds them, or the kernel does not give them.</summary>
    public byte[]? Read(ulong address, int length)
    {
        foreach (var (start, size, offset) in _segments)
        {
            if (address >= start && address - start < size && (ulong)length <= size - (address - start))
            {
                return ReadAt(offset + (address - start), length);
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private bool ReadSegments()
    {
        if (ReadAt(0, 64) is not { } header || !header.AsSpan().StartsWith("\x7f"u8) || !header.AsSpan(1, 4).SequenceEqual("ELF\x02"u8))
        {
            return false;
        }
        var count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56));
        if (BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(54)) != ProgramHeaderSize || count > MaxHeaders
            || ReadAt(BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32)), count * ProgramHeaderSize) is not { } table)
        {
            return false;
        }
        for (var h = table.AsSpan(); h.Length > 0; h = h[ProgramHeaderSize..])
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(h) == Load)
            {
                _segments.Add((BinaryPrimitives.ReadUInt64LittleEndian(h[16..]), BinaryPrimitives.ReadUInt64LittleEndian(h[40..]), BinaryPrimitives.ReadUInt64LittleEndian(h[8..])));
            }
        }
        return true;
    }

    private byte[]? ReadAt(ulong offset, int length)
    {
        if (offset > long.MaxValue - int.MaxValue)
        {
            return null;
        }
        var bytes = new byte[length];
        try
        {
            _file.Seek((long)offset, SeekOrigin.Begin);
            return _file.ReadAtLeast(bytes, length, throwOnEndOfStream: false) == length ? bytes : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
