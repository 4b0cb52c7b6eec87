using System.Buffers.Binary;

namespace Suture.Campaigns.Fuzz;

/// <summary>
/// Damages an object file as a seed says: one to four edits, each either blind or aimed at a field of the format. The same seed
/// makes the same damage, and a mask leaves edits out, to find those that matter.
/// </summary>
internal sealed class ObjectMutator(byte[] original, int seed)
{
    private const int HeaderSize = 64;
    private const int SymbolSize = 24;
    private const int RelaSize = 24;

    /// <summary>What a grown table may add to the file.</summary>
    private const int MostGrowth = 4 << 20;

    private byte[] _bytes = [];
    private Random _random = new(0);

    /// <summary>How many edits the seed makes.</summary>
    public int Edits => 1 + new Random(seed).Next(4);

    /// <summary>The damaged file with the edits whose bits are set in <paramref name="mask"/>.</summary>
    public byte[] Make(int mask = -1)
    {
        _bytes = (byte[])original.Clone();
        for (var i = 0; i < Edits; i++)
        {
            if ((mask & (1 << i)) != 0)
            {
                // Each edit has randomness of its own, so that leaving one out does not change the others.
                _random = new Random(HashCode(seed, i));
                Edit();
            }
        }
        return _bytes;
    }

    // System.HashCode differs from run to run.
    private static int HashCode(int a, int b) => unchecked((int)((uint)a * 2654435761u) + b * 40503 + 12345);

    private void Edit()
    {
        switch (_random.Next(13))
        {
            case 0: _bytes = _bytes[..(int)_random.NextInt64(_bytes.Length)]; break;
            case 1: FlipBits(); break;
            case 2: HeaderField(); break;
            case 3 or 4 or 5: SectionField(); break;
            case 6 or 7: EntryField(2, SymbolSize, [(0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8)]); break;
            case 8 or 9: EntryField(4, RelaSize, [(0, 8), (8, 4), (12, 4), (16, 8)]); break;
            case 10: CopySectionHeader(); break;
            case 11: SameNames(); break;
            default: Grow(); break;
        }
    }

    private void FlipBits()
    {
        for (var n = _random.Next(1, 17); n > 0 && _bytes.Length > 0; n--)
        {
            _bytes[_random.Next(_bytes.Length)] ^= (byte)(1 << _random.Next(8));
        }
    }

    private void HeaderField()
    {
        (int At, int Width)[] fields = [(0, 4), (4, 1), (5, 1), (16, 2), (18, 2), (40, 8), (58, 2), (60, 2), (62, 2)];
        var (at, width) = fields[_random.Next(fields.Length)];
        Poke(at, width);
    }

    private void SectionField()
    {
        (int At, int Width)[] fields = [(0, 4), (4, 4), (8, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8)];
        if (Sections is > 0 and var count)
        {
            var (at, width) = fields[_random.Next(fields.Length)];
            Poke(HeaderAt(_random.Next(count)) + at, width);
        }
    }

    /// <summary>A field of an entry of a table: section type 2 is the symbol table, 4 a relocation table.</summary>
    private void EntryField(uint type, int size, (int At, int Width)[] fields)
    {
        if (Find(type) is { } table && table.Size >= size)
        {
            for (var n = _random.Next(1, 9); n > 0; n--)
            {
                var (at, width) = fields[_random.Next(fields.Length)];
                Poke(table.Offset + size * _random.Next(table.Size / size) + at, width);
            }
        }
    }

    private void CopySectionHeader()
    {
        if (Sections is > 1 and var count)
        {
            var (from, to) = (HeaderAt(_random.Next(count)), HeaderAt(_random.Next(count)));
            if (from + HeaderSize <= _bytes.Length && to + HeaderSize <= _bytes.Length)
            {
                // All of it, or only where the contents are: sections that overlap.
                var (at, length) = _random.Next(2) == 0 ? (0, HeaderSize) : (24, 16);
                Array.Copy(_bytes, from + at, _bytes, to + at, length);
            }
        }
    }

    /// <summary>All symbols get one name, and perhaps one section and one type too.</summary>
    private void SameNames()
    {
        if (Find(2) is not { } table || table.Size < 2 * SymbolSize)
        {
            return;
        }
        var model = table.Offset + SymbolSize * _random.Next(table.Size / SymbolSize);
        var length = _random.Next(3) switch { 0 => 4, 1 => 8, _ => 16 };
        for (var at = table.Offset + SymbolSize; at + SymbolSize <= table.Offset + table.Size; at += SymbolSize)
        {
            Array.Copy(_bytes, model, _bytes, at, length);
        }
    }

    /// <summary>A table is repeated at the end of the file until it is very long.</summary>
    private void Grow()
    {
        if (Find(_random.Next(3) switch { 0 => 2u, 1 => 4u, _ => 1u }) is not { Size: > 0 } table)
        {
            return;
        }
        var times = Math.Clamp(1 << _random.Next(1, 17), 1, Math.Max(1, MostGrowth / table.Size));
        var grown = new byte[_bytes.Length + times * table.Size];
        _bytes.CopyTo(grown, 0);
        for (var i = 0; i < times; i++)
        {
            Array.Copy(_bytes, table.Offset, grown, _bytes.Length + i * table.Size, table.Size);
        }
        BinaryPrimitives.WriteUInt64LittleEndian(grown.AsSpan(table.Header + 24), (ulong)_bytes.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(grown.AsSpan(table.Header + 32), (ulong)(times * table.Size));
        _bytes = grown;
    }

    private void Poke(int at, int width)
    {
        if (at < 0 || at + width > _bytes.Length)
        {
            return;
        }
        Span<byte> field = _bytes.AsSpan(at, width);
        Span<byte> value = stackalloc byte[8];
        field.CopyTo(value);
        var old = BinaryPrimitives.ReadUInt64LittleEndian(value);
        var poked = _random.Next(10) switch
        {
            0 => 0UL,
            1 => ulong.MaxValue,
            2 => old + 1,
            3 => old - 1,
            4 => (ulong)_random.Next(64),
            5 => (ulong)_random.Next(_bytes.Length + 1),
            6 => 1UL << _random.Next(64),
            7 => (1UL << _random.Next(64)) - 1,
            8 => old ^ (1UL << _random.Next(8 * width)),
            _ => (ulong)_random.NextInt64(long.MinValue, long.MaxValue),
        };
        BinaryPrimitives.WriteUInt64LittleEndian(value, poked);
        value[..width].CopyTo(field);
    }

    private int Sections => _bytes.Length >= HeaderSize ? BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(60)) : 0;

    private int HeaderAt(int section) =>
        (int)Math.Min(int.MaxValue / 2, BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(40)) + (ulong)section * HeaderSize);

    /// <summary>A random section of that type whose contents are in the file.</summary>
    private (int Header, int Offset, int Size)? Find(uint type)
    {
        var found = new List<(int, int, int)>();
        for (var i = 0; i < Sections; i++)
        {
            var header = HeaderAt(i);
            if (header + HeaderSize > _bytes.Length || BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(header + 4)) != type)
            {
                continue;
            }
            var offset = BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(header + 24));
            var size = BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(header + 32));
            if (offset <= (ulong)_bytes.Length && size <= (ulong)_bytes.Length - offset)
            {
                found.Add((header, (int)offset, (int)size));
            }
        }
        return found.Count == 0 ? null : found[_random.Next(found.Count)];
    }
}
