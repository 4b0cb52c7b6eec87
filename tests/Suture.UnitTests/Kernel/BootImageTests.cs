using System.Buffers.Binary;
using System.IO.Compression;
using Shouldly;
using Suture.Elf;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.Kernel;

public class BootImageTests
{
    private const int PayloadAt = 5 * 512 + 0x40;

    private static readonly byte[] Image = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, .. Enumerable.Range(0, 5000).Select(i => (byte)(i * 7 % 13))];

    [Fact]
    public void GzipPayloadIsUnpacked() => BootImage.Unpack(Make(Gzip(Image)), "vmlinuz").ShouldBe(Image);

    [Fact]
    public void Lz4PayloadIsUnpacked() => BootImage.Unpack(Make([.. Lz4Literals(Image), .. Size(Image)]), "vmlinuz").ShouldBe(Image);

    [Fact]
    public void AnElfFileIsTakenAsItIs() => BootImage.Unpack(Image, "vmlinux").ShouldBeSameAs(Image);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EveryTruncationIsRefusedClearly(bool gzip)
    {
        var whole = Make(gzip ? Gzip(Image) : [.. Lz4Literals(Image), .. Size(Image)]);
        for (var length = 0; length < whole.Length; length += length < 0x260 ? 1 : 37)
        {
            var fault = Should.Throw<KernelException>(() => BootImage.Unpack(whole[..length], "boot/vmlinuz"), $"cut at {length}");
            fault.Message.ShouldContain("boot/vmlinuz");
            fault.Fault.ShouldBe(KernelFault.Broken);
        }
    }

    [Fact]
    public void DamageNeverEscapesAsAnythingElse()
    {
        var random = new Random(1);
        var whole = Make([.. Lz4Literals(Image), .. Size(Image)]);
        for (var round = 0; round < 500; round++)
        {
            var damaged = (byte[])whole.Clone();
            for (var i = 0; i < 4; i++)
            {
                // Not the magic: xz and zstd would be run for some.
                var at = random.Next(damaged.Length);
                if (at is < PayloadAt or >= PayloadAt + 4)
                {
                    damaged[at] = (byte)random.Next(256);
                }
            }
            try
            {
                ElfImage.Read(BootImage.Unpack(damaged, "vmlinuz"), "vmlinuz");
            }
            catch (Exception e) when (e is KernelException or ElfFormatException)
            {
                // The only two that may come out.
            }
        }
    }

    [Fact]
    public void ReleaseIsReadFromTheHeader()
    {
        var file = Make(Gzip(Image));
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(0x20e), 0x100);
        "6.1.0-99-test (me@host)\0"u8.CopyTo(file.AsSpan(0x300));
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, file);
            BootImage.ReleaseOf(path).ShouldBe("6.1.0-99-test");
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Make(byte[] payload)
    {
        var file = new byte[PayloadAt + payload.Length];
        file[0x1f1] = 4;
        file[0x1fe] = 0x55;
        file[0x1ff] = 0xaa;
        "HdrS"u8.CopyTo(file.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(0x206), 0x20f);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(0x248), 0x40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(0x24c), payload.Length);
        payload.CopyTo(file, PayloadAt);
        return file;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }
        return output.ToArray();
    }

    private static byte[] Size(byte[] bytes) => BitConverter.GetBytes(bytes.Length);

    // One block, one sequence, no match.
    private static byte[] Lz4Literals(byte[] bytes)
    {
        List<byte> block = [0xf0];
        var rest = bytes.Length - 15;
        for (; rest >= 255; rest -= 255)
        {
            block.Add(255);
        }
        block.Add((byte)rest);
        block.AddRange(bytes);
        return [0x02, 0x21, 0x4c, 0x18, .. BitConverter.GetBytes(block.Count), .. block];
    }
}
