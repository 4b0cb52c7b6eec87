using System.Buffers.Binary;
using System.Text;

namespace Suture.Mutants;

/// <summary>
/// A module file that is changed in place. It knows just enough ELF for that, and shares nothing with what makes or verifies
/// modules. Sections can only shrink; nothing moves in the file.
/// </summary>
internal sealed class ModuleBytes(byte[] bytes)
{
    /// <summary>A section header.</summary>
    public sealed record Section(int Index, string Name, uint Type, ulong Flags, int Offset, int Size, int Info, int EntrySize)
    {
        public bool IsCode => (Flags & 4) != 0 && Type == 1;

        public bool IsAlloc => (Flags & 2) != 0;
    }

    /// <summary>A relocation: where its 24 bytes are in the file, and what they say.</summary>
    public sealed record Rela(int FileAt, Section Table, Section Target, int Offset, uint Type, int Symbol, long Addend);

    /// <summary>A symbol: where its 24 bytes are, and what they say.</summary>
    public sealed record Symbol(int Index, int FileAt, string Name, int NameAt, int Section, long Value, int Size, int Type);

    public byte[] Bytes { get; } = bytes;

    public ModuleBytes Copy() => new([.. Bytes]);

    private int U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.AsSpan(at));

    private int U32(int at) => (int)BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(at));

    private long U64(int at) => BinaryPrimitives.ReadInt64LittleEndian(Bytes.AsSpan(at));

    private int HeaderOf(int section) => (int)U64(40) + section * 64;

    public List<Section> Sections()
    {
        var names = (int)U64(HeaderOf(U16(62)) + 24);
        return [.. Enumerable.Range(0, U16(60)).Select(i =>
        {
            var h = HeaderOf(i);
            return new Section(i, Text(names + U32(h)), (uint)U32(h + 4), (ulong)U64(h + 8), (int)U64(h + 24), (int)U64(h + 32), U32(h + 44), (int)U64(h + 56));
        })];
    }

    public List<Symbol> Symbols()
    {
        var sections = Sections();
        var table = sections.Find(s => s.Type == 2)!;
        var names = (int)U64(HeaderOf(U32(HeaderOf(table.Index) + 40)) + 24);
        return [.. Enumerable.Range(0, table.Size / 24).Select(i =>
        {
            var at = table.Offset + i * 24;
            return new Symbol(i, at, Text(names + U32(at)), names + U32(at), U16(at + 6), U64(at + 8), (int)U64(at + 16), Bytes[at + 4] & 15);
        })];
    }

    public List<Rela> Relas()
    {
        var sections = Sections();
        return [.. sections.Where(s => s.Type == 4).SelectMany(t => Enumerable.Range(0, t.Size / 24).Select(i =>
        {
            var at = t.Offset + i * 24;
            return new Rela(at, t, sections[t.Info], (int)U64(at), (uint)U32(at + 8), U32(at + 12), U64(at + 16));
        }))];
    }

    public void SetAddend(Rela rela, long addend) => BinaryPrimitives.WriteInt64LittleEndian(Bytes.AsSpan(rela.FileAt + 16), addend);

    public void SetSymbol(Rela rela, int symbol) => BinaryPrimitives.WriteInt32LittleEndian(Bytes.AsSpan(rela.FileAt + 12), symbol);

    public void SetType(Rela rela, uint type) => BinaryPrimitives.WriteUInt32LittleEndian(Bytes.AsSpan(rela.FileAt + 8), type);

    public void SetOffset(Rela rela, long offset) => BinaryPrimitives.WriteInt64LittleEndian(Bytes.AsSpan(rela.FileAt), offset);

    public void SetSize(Section section, int size) => BinaryPrimitives.WriteInt64LittleEndian(Bytes.AsSpan(HeaderOf(section.Index) + 32), size);

    /// <summary>Takes a relocation out of its table.</summary>
    public void Remove(Rela rela)
    {
        var end = rela.Table.Offset + rela.Table.Size;
        Bytes.AsSpan(rela.FileAt + 24, end - rela.FileAt - 24).CopyTo(Bytes.AsSpan(rela.FileAt));
        SetSize(rela.Table, rela.Table.Size - 24);
    }

    /// <summary>Takes <paramref name="length"/> bytes out of a section, with the relocations in them; what follows moves up.</summary>
    public void RemoveRange(string section, int at, int length)
    {
        while (Relas().Find(r => r.Target.Name == section && r.Offset >= at && r.Offset < at + length) is { } inside)
        {
            Remove(inside);
        }
        foreach (var later in Relas().Where(r => r.Target.Name == section && r.Offset >= at + length))
        {
            SetOffset(later, later.Offset - length);
        }
        var target = Sections().Find(s => s.Name == section)!;
        var data = Bytes.AsSpan(target.Offset, target.Size);
        data[(at + length)..].CopyTo(data[at..]);
        data[^length..].Clear();
        SetSize(target, target.Size - length);
    }

    private string Text(int at) => Encoding.UTF8.GetString(Bytes.AsSpan(at, Bytes.AsSpan(at).IndexOf((byte)0)));
}
