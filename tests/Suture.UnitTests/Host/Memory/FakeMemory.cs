using System.Buffers.Binary;
using Suture.Host;

namespace Suture.UnitTests.Host.Memory;

/// <summary>A /proc with a core file of one small range of kernel memory, symbols and modules.</summary>
internal sealed class FakeMemory : IDisposable
{
    public const ulong Start = 0xffff_ffff_8100_0000;
    private const int Size = 4096;
    private const int Offset = 64 + 56 * 2;
    private readonly string _root = Directory.CreateTempSubdirectory("suture-test-").FullName;
    private readonly byte[] _memory = [.. Enumerable.Range(0, Size).Select(i => (byte)((i * 7) ^ (i >> 8)))];

    public FakeMemory(params string[] symbols)
    {
        Paths = new KernelPaths(Path.Combine(_root, "sys"), Path.Combine(_root, "proc"));
        Directory.CreateDirectory(Paths.Proc);
        File.WriteAllText(Paths.Modules, "tun 61440 0 - Live 0x0000000000000000\n");
        File.WriteAllText(Paths.Symbols, string.Join('\n', symbols) + "\n");
        WriteCore();
    }

    public KernelPaths Paths { get; }

    public Span<byte> Memory => _memory;

    /// <summary>Writes the core file: a note segment that is not memory, then the memory.</summary>
    public void WriteCore()
    {
        var core = new byte[Offset + Size];
        "\x7f"u8.CopyTo(core);
        "ELF\x02\x01"u8.CopyTo(core.AsSpan(1));
        BinaryPrimitives.WriteUInt64LittleEndian(core.AsSpan(32), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(core.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(core.AsSpan(56), 2);
        Header(core.AsSpan(64), type: 4, 0, 0, Start, Size);
        Header(core.AsSpan(64 + 56), type: 1, Offset, Start, Size, Size);
        _memory.CopyTo(core, Offset);
        File.WriteAllBytes(Paths.Core, core);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static void Header(Span<byte> header, uint type, ulong offset, ulong address, ulong fileSize, ulong size)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], size);
    }
}
