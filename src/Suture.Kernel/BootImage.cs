using System.Buffers.Binary;
using System.Text;

namespace Suture.Kernel;

/// <summary>
/// A bzImage (vmlinuz) and the kernel packed in it. Offsets are those of the x86 boot protocol
/// (Documentation/arch/x86/boot.rst): setup_sects 0x1f1, signature 0x202, version 0x206,
/// payload_offset 0x248, payload_length 0x24c.
/// </summary>
public static class BootImage
{
    /// <summary>No kernel image is larger; a length that claims more is damage.</summary>
    public const int MaxImageBytes = 1 << 30;

    private const int HeaderEnd = 0x250;
    private const int SectorSize = 512;

    /// <summary>The decompressed kernel, an ELF file, out of the bzImage at <paramref name="path"/>. An ELF file is given back as it is.</summary>
    /// <exception cref="KernelException">It is neither, or damaged, or cut off.</exception>
    public static byte[] Unpack(string path)
    {
        var length = new FileInfo(path).Length;
        return length <= MaxImageBytes ? Unpack(File.ReadAllBytes(path), path) : throw Fault(path, $"{length >> 20} MiB is too large for a kernel");
    }

    /// <summary>As <see cref="Unpack(string)"/>, from memory; <paramref name="name"/> is used in messages.</summary>
    public static byte[] Unpack(byte[] file, string name)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (IsElf(file))
        {
            return file;
        }
        var (offset, length) = FindPayload(file, name);
        using var payload = new MemoryStream(file, offset, length);
        var image = Decompressor.Run(payload, name, MaxImageBytes);
        return IsElf(image) ? image : throw Fault(name, "what is packed in it is not an ELF file");
    }

    /// <summary>The release that the bzImage at <paramref name="path"/> says it is (kernel_version, 0x20e); null when it says nothing.</summary>
    public static string? ReleaseOf(string path)
    {
        var head = new byte[64 << 10];
        using var file = File.OpenRead(path);
        var text = head.AsSpan(0, file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
        if (text.Length < HeaderEnd || !text.Slice(0x202, 4).SequenceEqual("HdrS"u8))
        {
            return null;
        }
        var at = BinaryPrimitives.ReadUInt16LittleEndian(text[0x20e..]) + SectorSize;
        var end = at > SectorSize && at < text.Length ? text[at..].IndexOfAny((byte)' ', (byte)0) : -1;
        return end > 0 ? Encoding.ASCII.GetString(text.Slice(at, end)) : null;
    }

    private static (int Offset, int Length) FindPayload(byte[] file, string name)
    {
        if (file.Length < HeaderEnd)
        {
            throw Fault(name, $"only {file.Length} bytes, the boot header alone has {HeaderEnd}");
        }
        if (file[0x1fe] != 0x55 || file[0x1ff] != 0xaa || !file.AsSpan(0x202, 4).SequenceEqual("HdrS"u8))
        {
            throw Fault(name, "no x86 boot header at offset 0x1f1");
        }
        if (BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(0x206)) < 0x208)
        {
            throw Fault(name, "boot protocol older than 2.08, which does not tell where the kernel is");
        }
        // Zero means four, from the days of the floppy boot sector.
        var setupSectors = file[0x1f1] == 0 ? 4 : file[0x1f1];
        var offset = (setupSectors + 1L) * SectorSize + BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(0x248));
        long length = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(0x24c));
        if (length < 8 || offset + length > file.Length)
        {
            throw Fault(name, $"the packed kernel should be {length} bytes at offset {offset}, the file has {file.Length}");
        }
        // The build appends the unpacked size in 4 bytes, except for gzip whose trailer is just that.
        var isGzip = file[offset] == 0x1f && file[offset + 1] == 0x8b;
        return ((int)offset, (int)(isGzip ? length : length - 4));
    }

    private static bool IsElf(ReadOnlySpan<byte> bytes) => bytes is [0x7f, (byte)'E', (byte)'L', (byte)'F', ..];

    private static KernelException Fault(string name, string fault) =>
        new($"{name}: not a usable kernel image: {fault}", "it may be damaged or cut off: fetch or make it again", KernelFault.Broken);
}
