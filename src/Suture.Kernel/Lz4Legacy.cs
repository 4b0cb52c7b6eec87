using System.Buffers.Binary;

namespace Suture.Kernel;

/// <summary>
/// Decodes the LZ4 "legacy" stream that kernels are packed in (LZ4 frame format, "Legacy frame"): the magic,
/// then blocks of a 4-byte length and data, each for up to 8 MiB. The block format is "LZ4 Block Format".
/// </summary>
internal static class Lz4Legacy
{
    /// <summary>0x184C2102, little-endian.</summary>
    public static ReadOnlySpan<byte> Magic => [0x02, 0x21, 0x4c, 0x18];

    private const int BlockBytes = 8 << 20;
    private const int MinMatch = 4;

    /// <summary>Decodes all of <paramref name="input"/>, whose magic has been seen.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or more than <paramref name="maxBytes"/> come out.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> input, int maxBytes)
    {
        using var output = new MemoryStream();
        var block = new byte[BlockBytes];
        input = input[Magic.Length..];
        while (input.Length >= 4)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(input);
            input = input[4..];
            if (length == 0)
            {
                break;
            }
            if (length > input.Length)
            {
                throw new InvalidDataException($"a block of {length} bytes, {input.Length} are left");
            }
            var size = DecodeBlock(input[..(int)length], block);
            if (output.Length + size > maxBytes)
            {
                throw new InvalidDataException($"more than {maxBytes >> 20} MiB come out");
            }
            output.Write(block, 0, size);
            input = input[(int)length..];
        }
        return output.ToArray();
    }

    // A sequence: token, literals, then a match given by its distance back and its length.
    private static int DecodeBlock(ReadOnlySpan<byte> input, Span<byte> output)
    {
        int at = 0, end = 0;
        while (at < input.Length)
        {
            var token = input[at++];
            var literals = Length(input, ref at, token >> 4);
            if (literals > input.Length - at || literals > output.Length - end)
            {
                throw new InvalidDataException("literals reach past the end of a block");
            }
            input.Slice(at, literals).CopyTo(output[end..]);
            at += literals;
            end += literals;
            if (at == input.Length)
            {
                return end;
            }
            if (input.Length - at < 2)
            {
                throw new InvalidDataException("a block ends within a match");
            }
            var distance = BinaryPrimitives.ReadUInt16LittleEndian(input[at..]);
            at += 2;
            var match = Length(input, ref at, token & 15) + MinMatch;
            if (distance == 0 || distance > end || match > output.Length - end)
            {
                throw new InvalidDataException("a match lies outside its block");
            }
            // Byte by byte where it overlaps what it makes: that is how runs are coded.
            if (distance >= match)
            {
                output.Slice(end - distance, match).CopyTo(output[end..]);
            }
            else
            {
                for (var i = 0; i < match; i++)
                {
                    output[end + i] = output[end + i - distance];
                }
            }
            end += match;
        }
        throw new InvalidDataException("a block ends without its last literals");
    }

    private static int Length(ReadOnlySpan<byte> input, ref int at, int length)
    {
        if (length < 15)
        {
            return length;
        }
        for (; ; )
        {
            if (at >= input.Length || length > BlockBytes)
            {
                throw new InvalidDataException("a length has no end");
            }
            var more = input[at++];
            length += more;
            if (more != 255)
            {
                return length;
            }
        }
    }
}
