using System.Buffers.Binary;
using System.Text;

namespace Suture.UnitTests.Diff;

/// <summary>A .BTF section made type by type (Documentation/bpf/btf.rst); types count from 1.</summary>
internal sealed class BtfBytes
{
    private readonly List<byte> _types = [];
    private readonly List<byte> _text = [0];

    /// <summary>A type: name, kind and its low bits, size or type, and the words behind.</summary>
    public BtfBytes Add(string name, int kind, int count, uint sizeOrType, params uint[] words)
    {
        foreach (var word in (uint[])[Text(name), (uint)(kind << 24 | count), sizeOrType, .. words])
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, word);
            _types.AddRange(bytes);
        }
        return this;
    }

    public BtfBytes Int(string name) => Add(name, 1, 0, 4, 32);

    public BtfBytes Struct(string name, uint size, params (string Name, uint Type, uint BitOffset)[] members) =>
        Add(name, 4, members.Length, size, [.. members.SelectMany(m => (uint[])[Text(m.Name), m.Type, m.BitOffset])]);

    /// <summary>Offset of a name, which is added.</summary>
    public uint Text(string name)
    {
        if (name.Length == 0)
        {
            return 0;
        }
        var at = (uint)_text.Count;
        _text.AddRange(Encoding.UTF8.GetBytes(name));
        _text.Add(0);
        return at;
    }

    /// <summary>The section.</summary>
    public byte[] Section(ushort magic = 0xeb9f)
    {
        var bytes = new byte[24];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, magic);
        bytes[2] = 1;
        foreach (var (at, value) in ((int, int)[])[(4, 24), (8, 0), (12, _types.Count), (16, _types.Count), (20, _text.Count)])
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
        }
        return [.. bytes, .. _types, .. _text];
    }
}
