using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Suture.Elf;
using Xunit;

namespace Suture.UnitTests.Elf;

public sealed class DamagedObjectTests
{
    [Fact]
    public void Every_truncation_is_a_format_error()
    {
        var whole = SampleObjects.Small;
        for (var length = 0; length < whole.Length; length++)
        {
            var cut = whole[..length];
            Should.Throw<ElfFormatException>(() => ElfObject.Read(cut, "cut"), $"{length} of {whole.Length} bytes");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Flipped_bytes_give_a_format_error_or_an_object(int seed)
    {
        foreach (var damaged in Damage(SampleObjects.Small, seed, 2000))
        {
            ReadBounded(damaged);
        }
    }

    [Fact]
    public void Arbitrary_headers_give_a_format_error_or_an_object() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(uint, ulong)[]>(), edits =>
        {
            var bytes = (byte[])SampleObjects.Small.Clone();
            var table = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(40));
            foreach (var (where, value) in edits)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(table + (int)(where % (uint)(bytes.Length - table - 8)) / 8 * 8), value);
            }
            ReadBounded(bytes);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Sections_that_all_claim_the_whole_file_cost_no_more_than_it()
    {
        var made = new ElfObject("greedy");
        for (var i = 0; i < 2000; i++)
        {
            made.Sections.Add(new Section(".d", SectionType.ProgBits, SectionFlags.Alloc) { Data = new byte[16] });
        }
        var bytes = made.Write();
        var table = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(40));
        for (var at = table + 64; at < table + 64 * 2000; at += 64)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at + 24), 0);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at + 32), (ulong)bytes.Length);
        }
        ReadBounded(bytes).ShouldBeFalse();
    }

    [Fact]
    public void Names_that_all_share_one_long_tail_cost_no_more_than_the_file()
    {
        var made = new ElfObject("long");
        made.Symbols.Add(new Symbol(new string('x', 200_000)));
        for (var i = 0; i < 8000; i++)
        {
            made.Symbols.Add(new Symbol("x"));
        }
        var bytes = made.Write();
        var symbols = bytes.AsSpan(64); // The symbol table is the first section written.
        for (var i = 2; i < 8000; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(symbols[(i * 24)..], (uint)i);
        }
        ReadBounded(bytes).ShouldBeFalse();
    }

    [Fact]
    public void Truncated_image_is_a_format_error_or_reads_nothing_outside()
    {
        var whole = File.ReadAllBytes("/bin/true");
        ElfImage.Read(whole, "true").BuildId().ShouldNotBeNullOrEmpty();
        var end = SegmentsEnd(whole);
        for (var length = 0; length < whole.Length; length += length < 1024 ? 1 : 97)
        {
            ReadImage(whole[..length]).ShouldBe(length >= end, $"{length} of {whole.Length} bytes");
        }
    }

    /// <summary>Where the last segment ends; what is behind it (section headers) an image does not need.</summary>
    private static int SegmentsEnd(byte[] image)
    {
        var end = 0UL;
        for (int i = 0, at = 64; i < image[56]; i++, at += 56)
        {
            end = Math.Max(end, BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(at + 8)) + BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(at + 32)));
        }
        return (int)end;
    }

    [Fact]
    public void Damaged_image_never_reads_outside()
    {
        var whole = File.ReadAllBytes("/bin/true");
        var random = new Random(4);
        for (var i = 0; i < 3000; i++)
        {
            var bytes = (byte[])whole.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(1024)] = (byte)random.Next(256);
            }
            ReadImage(bytes);
        }
    }

    /// <summary>Copies of <paramref name="whole"/> with one to four bytes changed, half of them in the headers.</summary>
    internal static IEnumerable<byte[]> Damage(byte[] whole, int seed, int count)
    {
        var random = new Random(seed);
        var table = (int)BinaryPrimitives.ReadUInt64LittleEndian(whole.AsSpan(40));
        byte[] extremes = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
        for (var i = 0; i < count; i++)
        {
            var bytes = (byte[])whole.Clone();
            for (var flips = random.Next(1, 5); flips > 0; flips--)
            {
                var at = random.Next(2) == 0 ? random.Next(bytes.Length) : random.Next(table, bytes.Length);
                bytes[at] = random.Next(2) == 0 ? extremes[random.Next(extremes.Length)] : (byte)random.Next(256);
            }
            yield return bytes;
        }
    }

    /// <summary>True for an object, false for a format error; anything else fails, as does memory beyond 50 times the file and a megabyte.</summary>
    private static bool ReadBounded(byte[] bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            ElfObject.Read(bytes, "damaged");
            return true;
        }
        catch (ElfFormatException)
        {
            return false;
        }
        finally
        {
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThanOrEqualTo(50L * bytes.Length + (1 << 20));
        }
    }

    private static bool ReadImage(byte[] bytes)
    {
        try
        {
            var image = ElfImage.Read(bytes, "damaged");
            image.BuildId();
            foreach (var address in new ulong[] { 0, 64, 0x1000, 0x4000, ulong.MaxValue - 2, 0xffffffff81000000 })
            {
                image.TryRead(address, 16, out _);
                image.ReadUpTo(address, 64);
            }
            return true;
        }
        catch (ElfFormatException)
        {
            return false;
        }
    }
}
