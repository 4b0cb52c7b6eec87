using System.Buffers.Binary;
using System.Text;

namespace Suture.Kernel;

/// <summary>
/// Finds and decodes the symbol table that a kernel image carries for itself (kallsyms). Distributions
/// strip the image and ship no System.map, and this table is what the running kernel resolves livepatch
/// symbols with, duplicates in the same order.
/// </summary>
/// <remarks>
/// The tables have no headers. The token table gives itself away: the tokens of the ten digits are always
/// the digits themselves, in sequence, and the table of token offsets that follows must agree. From there:
/// count, names and markers lie before it; offsets and their base before those (to 6.3) or behind (from 6.4).
/// </remarks>
public static class Kallsyms
{
    private const int MaxSymbols = 4_000_000;
    private const int MinSymbols = 100;
    private const int MarkerStride = 256;

    private ref struct Tables
    {
        public ReadOnlySpan<byte> Image;
        public int TokenTable;
        public int TokenIndexEnd;
        public int[] TokenOffsets;
        public int CountAt;
        public int Count;
        public int Names;
    }

    /// <summary>The symbols in <paramref name="image"/> (an unpacked kernel), or null when no table is found.</summary>
    /// <param name="image">The bytes of the ELF file.</param>
    /// <param name="absolutePercpu">CONFIG_KALLSYMS_ABSOLUTE_PERCPU: offsets that are not negative are addresses.</param>
    public static SystemMap? Read(ReadOnlySpan<byte> image, bool absolutePercpu)
    {
        var tables = new Tables { Image = image };
        if (!FindTokens(ref tables) || !FindNames(ref tables))
        {
            return null;
        }
        var addresses = FindAddresses(tables, absolutePercpu);
        return addresses is null ? null : Decode(tables, addresses);
    }

    private static bool FindTokens(ref Tables tables)
    {
        var digits = "0\01\02\03\04\05\06\07\08\09\0"u8;
        for (var from = 0; ;)
        {
            var at = tables.Image[from..].IndexOf(digits);
            if (at < 0)
            {
                return false;
            }
            at += from;
            from = at + 1;
            if (FirstToken(tables.Image, at) is not { } first)
            {
                continue;
            }
            // The table is aligned to 8 bytes. What lies before it (6.1 and later: three bytes a symbol) may end in a byte that is not zero,
            // right where the table begins; then the first token seems longer than it is.
            for (var start = Align8(first.Start); start < first.End; start += 8)
            {
                if (CheckTokens(ref tables, start))
                {
                    return true;
                }
            }
        }
    }

    // Walks back over the tokens 0 … '0'-1 that lie before the digits, to the first one.
    private static (int Start, int End)? FirstToken(ReadOnlySpan<byte> image, int digits)
    {
        var (at, end) = (digits, digits);
        for (var token = 0; token < '0'; token++)
        {
            end = --at;
            if (at <= 0 || image[at] != 0)
            {
                return null;
            }
            while (at > 0 && image[at - 1] != 0)
            {
                at--;
            }
        }
        return (at, end);
    }

    private static bool CheckTokens(ref Tables tables, int start)
    {
        var image = tables.Image;
        var offsets = new int[256];
        var at = start;
        for (var token = 0; token < offsets.Length; token++)
        {
            offsets[token] = at - start;
            var length = at < image.Length ? image[at..].IndexOf((byte)0) : -1;
            if (length is < 1 or > 255)
            {
                return false;
            }
            at += length + 1;
        }
        at = Align8(at);
        if (at + 512 > image.Length)
        {
            return false;
        }
        for (var token = 0; token < offsets.Length; token++)
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(image[(at + 2 * token)..]) != offsets[token])
            {
                return false;
            }
        }
        tables.TokenTable = start;
        tables.TokenIndexEnd = at + 512;
        tables.TokenOffsets = offsets;
        return true;
    }

    // The count is the one number before the token table from which as many names, one behind the other,
    // lead to a marker table that agrees with every 256th of them.
    private static bool FindNames(ref Tables tables)
    {
        var image = tables.Image;
        for (var at = (tables.TokenTable & ~7) - 16; at > 8; at -= 8)
        {
            var count = BinaryPrimitives.ReadUInt32LittleEndian(image[at..]);
            long room = tables.TokenTable - at;
            if (count is >= MinSymbols and <= MaxSymbols && count * 2L < room && room < count * 64L
                && BinaryPrimitives.ReadUInt32LittleEndian(image[(at + 4)..]) == 0
                && CheckNames(image[..tables.TokenTable], at + 8, (int)count))
            {
                tables.CountAt = at;
                tables.Count = (int)count;
                tables.Names = at + 8;
                return true;
            }
        }
        return false;
    }

    private static bool CheckNames(ReadOnlySpan<byte> image, int names, int count)
    {
        var marked = new List<int>(count / MarkerStride + 1);
        var at = names;
        for (var i = 0; i < count; i++)
        {
            if (i % MarkerStride == 0)
            {
                marked.Add(at - names);
            }
            if (!NameLength(image, ref at, out var length) || length == 0 || at + length > image.Length)
            {
                return false;
            }
            at += length;
        }
        at = Align8(at);
        if (at + 4 * marked.Count > image.Length)
        {
            return false;
        }
        for (var i = 0; i < marked.Count; i++)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(image[(at + 4 * i)..]) != marked[i])
            {
                return false;
            }
        }
        return true;
    }

    // One byte, or two with the low seven bits first when the top bit is set.
    private static bool NameLength(ReadOnlySpan<byte> image, ref int at, out int length)
    {
        length = 0;
        if (at + 1 >= image.Length)
        {
            return false;
        }
        length = image[at++];
        if ((length & 0x80) != 0)
        {
            length = (length & 0x7f) | (image[at++] << 7);
        }
        return true;
    }

    private static ulong[]? FindAddresses(in Tables tables, bool absolutePercpu)
    {
        var before = tables.CountAt - 8;
        var size = Align8(4 * tables.Count);
        return ReadAddresses(tables, before - size, before, absolutePercpu)
            ?? ReadAddresses(tables, Align8(tables.TokenIndexEnd), Align8(tables.TokenIndexEnd) + size, absolutePercpu);
    }

    private static ulong[]? ReadAddresses(in Tables tables, int offsetsAt, int baseAt, bool absolutePercpu)
    {
        if (offsetsAt < 0 || baseAt < 0 || baseAt + 8 > tables.Image.Length || offsetsAt + 4L * tables.Count > tables.Image.Length)
        {
            return null;
        }
        var relativeTo = BinaryPrimitives.ReadUInt64LittleEndian(tables.Image[baseAt..]);
        if (relativeTo < 0xffff_ffff_8000_0000)
        {
            return null;
        }
        var addresses = new ulong[tables.Count];
        for (var i = 0; i < addresses.Length; i++)
        {
            var offset = BinaryPrimitives.ReadInt32LittleEndian(tables.Image[(offsetsAt + 4 * i)..]);
            addresses[i] = !absolutePercpu ? relativeTo + (uint)offset
                : offset >= 0 ? (ulong)offset
                : relativeTo - 1 - (ulong)(long)offset;
            if (i > 0 && addresses[i] < addresses[i - 1])
            {
                return null;
            }
        }
        return addresses;
    }

    private static SystemMap Decode(in Tables tables, ulong[] addresses)
    {
        var tokens = new string[256];
        for (var token = 0; token < tokens.Length; token++)
        {
            var bytes = tables.Image[(tables.TokenTable + tables.TokenOffsets[token])..];
            tokens[token] = Encoding.Latin1.GetString(bytes[..bytes.IndexOf((byte)0)]);
        }
        var symbols = new KernelSymbol[tables.Count];
        var name = new StringBuilder();
        var at = tables.Names;
        for (var i = 0; i < symbols.Length; i++)
        {
            NameLength(tables.Image, ref at, out var length);
            name.Clear();
            foreach (var token in tables.Image.Slice(at, length))
            {
                name.Append(tokens[token]);
            }
            at += length;
            symbols[i] = new(addresses[i], name[0], name.ToString(1, name.Length - 1));
        }
        return SystemMap.Create(symbols);
    }

    private static int Align8(int value) => (value + 7) & ~7;
}
