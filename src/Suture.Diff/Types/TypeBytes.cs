using System.Buffers.Binary;
using System.Text;

namespace Suture.Diff.Types;

/// <summary>A section of type information that is read front to back; reading past its end is a fault that names the place.</summary>
internal sealed class TypeBytes(string file, string section, byte[] data)
{
    /// <summary>Bytes of text per byte of the section. Names may share their tails, not so much that they cost more than the file.</summary>
    private const long MaxTextPerByte = 8;

    private readonly Dictionary<ulong, string> _texts = [];
    private long _textLength;

    /// <summary>Where the next read happens, offset in the section.</summary>
    public int At { get; set; }

    /// <summary>Bytes of the section.</summary>
    public int Length => data.Length;

    public byte U8() => Take(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>An unsigned number in 7-bit groups, low ones first (LEB128); bits beyond 64 are lost.</summary>
    public ulong Uleb()
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var group = U8();
            value |= shift < 64 ? (ulong)(group & 0x7f) << shift : 0;
            if (group < 0x80)
            {
                return value;
            }
        }
    }

    /// <summary>A signed number in 7-bit groups (LEB128).</summary>
    public long Sleb()
    {
        long value = 0;
        for (var shift = 0; ;)
        {
            var group = U8();
            value |= shift < 64 ? (long)(group & 0x7f) << shift : 0;
            shift += 7;
            if (group < 0x80)
            {
                return shift < 64 && (group & 0x40) != 0 ? value | (-1L << shift) : value;
            }
        }
    }

    /// <summary>A number of 4 or 8 bytes.</summary>
    public ulong Word(bool isWide) => isWide ? U64() : U32();

    public void Skip(ulong count)
    {
        if (count > (ulong)(data.Length - At))
        {
            throw Fault($"{count} bytes at offset 0x{At:x} reach past its end");
        }
        At += (int)count;
    }

    /// <summary>Passes over text that ends with a zero byte.</summary>
    public void SkipText() => At += TextLength(At) + 1;

    /// <summary>Reads text that ends with a zero byte.</summary>
    public string Text()
    {
        var from = At;
        SkipText();
        return Encoding.UTF8.GetString(data, from, At - from - 1);
    }

    /// <summary>The text at <paramref name="offset"/>.</summary>
    public string TextAt(ulong offset)
    {
        if (_texts.TryGetValue(offset, out var known))
        {
            return known;
        }
        if (offset >= (ulong)data.Length)
        {
            throw Fault($"text offset 0x{offset:x} is outside it ({data.Length} bytes)");
        }
        var length = TextLength((int)offset);
        _textLength += length;
        return _textLength <= MaxTextPerByte * data.Length
            ? _texts[offset] = Encoding.UTF8.GetString(data, (int)offset, length)
            : throw Fault("texts overlap so much that they are larger than the section");
    }

    public TypeFormatException Fault(string fault) => new(file, section, fault);

    private int TextLength(int from)
    {
        var length = from > data.Length ? -1 : data.AsSpan(from).IndexOf((byte)0);
        return length >= 0 ? length : throw Fault($"text at offset 0x{from:x} is not terminated");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > data.Length - At)
        {
            throw Fault($"it ends at 0x{data.Length:x} where {count} more bytes are expected; it may be truncated");
        }
        At += count;
        return data.AsSpan(At - count, count);
    }
}
