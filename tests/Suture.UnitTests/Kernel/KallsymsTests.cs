using System.Buffers.Binary;
using System.Text;
using Shouldly;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.Kernel;

public class KallsymsTests
{
    private const ulong Base = 0xffff_ffff_8100_0000;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void SymbolsAreFoundInBothLayouts(bool offsetsFirst, bool absolutePercpu)
    {
        var symbols = Symbols(600);
        var map = Kallsyms.Read(Make(symbols, offsetsFirst, absolutePercpu), absolutePercpu);
        map.ShouldNotBeNull();
        map.All.ShouldBe(symbols);
    }

    [Fact]
    public void WhatLiesBeforeTheTokensMayEndWithoutAZero()
    {
        // Three bytes a symbol, the order by name (6.1 and later): no padding follows when they happen to end on 8 bytes.
        var symbols = Symbols(600);
        Kallsyms.Read(Make(symbols, offsetsFirst: true, absolutePercpu: true, beforeTokens: [.. Enumerable.Repeat((byte)0xee, 24)]), true)
            .ShouldNotBeNull().All.ShouldBe(symbols);
    }

    [Fact]
    public void TruncatedTablesAreNotFound()
    {
        var image = Make(Symbols(600), offsetsFirst: false, absolutePercpu: true);
        for (var length = 0; length < image.Length - 64; length += 101)
        {
            Kallsyms.Read(image.AsSpan(0, length), true).ShouldBeNull();
        }
    }

    [Fact]
    public void DamageDoesNotThrow()
    {
        var random = new Random(3);
        var whole = Make(Symbols(300), offsetsFirst: true, absolutePercpu: true);
        for (var round = 0; round < 300; round++)
        {
            var image = (byte[])whole.Clone();
            image[random.Next(image.Length)] = (byte)random.Next(256);
            Should.NotThrow(() => Kallsyms.Read(image, true));
        }
    }

    private static KernelSymbol[] Symbols(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new KernelSymbol(Base + (ulong)(i / 2 * 16), i % 3 == 0 ? 'T' : 't',
            // One is longer than 127 tokens, which takes a length of two bytes.
            i == 17 ? new string('q', 200) : $"function_{i % 50}.part_{i}"))];

    /// <summary>Tables as the kernel's build lays them out, without compression: every token is one character.</summary>
    private static byte[] Make(KernelSymbol[] symbols, bool offsetsFirst, bool absolutePercpu, byte[]? beforeTokens = null)
    {
        var image = new List<byte>(Enumerable.Repeat((byte)0xcc, 4096));
        if (offsetsFirst)
        {
            AddOffsets(image, symbols, absolutePercpu);
        }
        Add64(image, (ulong)symbols.Length);
        var markers = new List<int>();
        var names = image.Count;
        for (var i = 0; i < symbols.Length; i++)
        {
            if (i % 256 == 0)
            {
                markers.Add(image.Count - names);
            }
            var text = Encoding.ASCII.GetBytes(symbols[i].Type + symbols[i].Name);
            image.AddRange(text.Length < 128 ? [(byte)text.Length] : [(byte)(0x80 | (text.Length & 0x7f)), (byte)(text.Length >> 7)]);
            image.AddRange(text);
        }
        Align(image);
        markers.ForEach(m => image.AddRange(BitConverter.GetBytes(m)));
        Align(image);
        image.AddRange(beforeTokens ?? []);
        var table = image.Count;
        var index = new List<byte>();
        for (var token = 0; token < 256; token++)
        {
            index.AddRange(BitConverter.GetBytes((ushort)(image.Count - table)));
            // Tokens that are no characters of names stand for pairs.
            image.AddRange(token is > ' ' and < 127 ? [(byte)token, 0] : [(byte)'z', (byte)'z', 0]);
        }
        Align(image);
        image.AddRange(index);
        if (!offsetsFirst)
        {
            AddOffsets(image, symbols, absolutePercpu);
        }
        image.AddRange(new byte[64]);
        return [.. image];
    }

    private static void AddOffsets(List<byte> image, KernelSymbol[] symbols, bool absolutePercpu)
    {
        foreach (var symbol in symbols)
        {
            var distance = (long)(symbol.Address - Base);
            image.AddRange(BitConverter.GetBytes((int)(absolutePercpu ? -1 - distance : distance)));
        }
        Align(image);
        Add64(image, Base);
    }

    private static void Add64(List<byte> image, ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        image.AddRange(bytes);
    }

    private static void Align(List<byte> image)
    {
        while (image.Count % 8 != 0)
        {
            image.Add(0);
        }
    }
}
