using System.Buffers.Binary;
using System.Text;

namespace Suture.Verify;

/// <summary>Where a symbol is.</summary>
public enum SymbolPlace
{
    /// <summary>In another file.</summary>
    Undefined,
    /// <summary>In <see cref="FileSymbol.Section"/>.</summary>
    Section,
    /// <summary>A plain number.</summary>
    Absolute,
    /// <summary>Storage that a linker would allot.</summary>
    Common,
    /// <summary>The livepatch core finds it (SHN_LIVEPATCH).</summary>
    Livepatch,
}

/// <summary>One section.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Type">sh_type.</param>
/// <param name="Flags">sh_flags.</param>
/// <param name="Offset">Where its bytes are in the file.</param>
/// <param name="Size">Bytes.</param>
/// <param name="EntrySize">sh_entsize.</param>
/// <param name="Info">sh_info: the section that a relocation section is for.</param>
/// <param name="Alignment">sh_addralign: its place in memory is a multiple of this.</param>
public sealed record FileSection(int Index, string Name, uint Type, ulong Flags, long Offset, long Size, long EntrySize, uint Info, long Alignment)
{
    /// <summary>Whether it is loaded.</summary>
    public bool IsAlloc => (Flags & 2) != 0;

    /// <summary>Whether it is written at run time.</summary>
    public bool IsWritable => (Flags & 1) != 0;

    /// <summary>Whether it holds instructions.</summary>
    public bool IsCode => (Flags & 4) != 0;

    /// <summary>Whether it holds strings ended by zero (SHF_STRINGS).</summary>
    public bool IsStrings => (Flags & 0x20) != 0;

    /// <summary>Whether it has no bytes in the file (SHT_NOBITS).</summary>
    public bool IsZeroed => Type == 8;

    /// <summary>Whether the livepatch core applies it when the patched object is there (SHF_RELA_LIVEPATCH).</summary>
    public bool IsLivepatchTable => (Flags & 0x0010_0000) != 0;

    /// <summary>Whether its <see cref="Size"/> bytes are in the file.</summary>
    public bool HasBytes => Type is not (0 or 8);
}

/// <summary>One symbol.</summary>
/// <param name="Index">Its number in the table.</param>
/// <param name="Name">Its name, empty for sections.</param>
/// <param name="Place">Where it is.</param>
/// <param name="Section">Its section when it is in one.</param>
/// <param name="Value">Offset in the section.</param>
/// <param name="Size">Bytes, 0 when unknown.</param>
/// <param name="Type">STT_ value.</param>
/// <param name="Binding">STB_ value; 0 is local.</param>
public sealed record FileSymbol(int Index, string Name, SymbolPlace Place, FileSection? Section, long Value, long Size, int Type, int Binding)
{
    /// <summary>Whether it stands for its section as a whole.</summary>
    public bool IsSection => Type == 3;

    /// <summary>Whether other files know it.</summary>
    public bool IsGlobal => Binding != 0;
}

/// <summary>One relocation.</summary>
/// <param name="Offset">Where the value is written, in the section relocated.</param>
/// <param name="Type">R_X86_64_ number.</param>
/// <param name="Symbol">What it refers to.</param>
/// <param name="Addend">Added to the symbol's address.</param>
/// <param name="Table">The relocation section it stands in.</param>
public readonly record struct FileRelocation(long Offset, uint Type, FileSymbol Symbol, long Addend, FileSection Table)
{
    /// <summary>Whether the livepatch core applies it, not the module loader (SHF_RELA_LIVEPATCH).</summary>
    public bool IsLivepatch => Table.IsLivepatchTable;
}

/// <summary>
/// A relocatable ELF64 file for x86-64 as plain tables, with every number checked against the file. Written for the
/// verifier alone: what makes modules has a reader of its own, and no fault of it can hide here too.
/// </summary>
public sealed class RelocatableFile
{
    private const int MaxSections = 1 << 20;

    /// <summary>Eight times what the kernel takes.</summary>
    internal const int MaxNameBytes = 4096;

    private const long MaxZeroedBytes = 1L << 30;
    private byte[] _bytes;
    private byte[][]? _loaded;
    private readonly Dictionary<int, List<FileRelocation>> _relocations = [];
    private ILookup<string, FileSymbol>? _byName;
    private ILookup<(int Section, long Value), FileSymbol>? _byPlace;

    private RelocatableFile(byte[] bytes, string name)
    {
        _bytes = bytes;
        Name = name;
    }

    /// <summary>Its name in messages.</summary>
    public string Name { get; }

    /// <summary>All sections, the null section first.</summary>
    public IReadOnlyList<FileSection> Sections { get; private set; } = [];

    /// <summary>All symbols in the table's order.</summary>
    public IReadOnlyList<FileSymbol> Symbols { get; private set; } = [];

    /// <summary>The first section of that name, or null.</summary>
    public FileSection? Find(string name) => Sections.FirstOrDefault(s => s.Name == name);

    /// <summary>The bytes of <paramref name="section"/>; empty when it has none in the file.</summary>
    public ReadOnlySpan<byte> BytesOf(FileSection section) => !section.HasBytes ? default
        : _loaded is { } loaded ? loaded[section.Index]
        : _bytes.AsSpan((int)section.Offset, (int)section.Size);

    /// <summary>The relocations applied to <paramref name="section"/>, by offset.</summary>
    public IReadOnlyList<FileRelocation> RelocationsOf(FileSection section) =>
        _relocations.TryGetValue(section.Index, out var list) ? list : [];

    /// <summary>Those of <see cref="RelocationsOf"/> that are written at <paramref name="start"/> or behind it, and before <paramref name="end"/>.</summary>
    public IEnumerable<FileRelocation> RelocationsIn(FileSection section, long start, long end)
    {
        var all = RelocationsOf(section);
        var (low, high) = (0, all.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = all[middle].Offset < start ? (middle + 1, high) : (low, middle);
        }
        for (; low < all.Count && all[low].Offset < end; low++)
        {
            yield return all[low];
        }
    }

    /// <summary>The symbols of that name, in the table's order.</summary>
    public IEnumerable<FileSymbol> SymbolsNamed(string name) => (_byName ??= Symbols.ToLookup(s => s.Name, StringComparer.Ordinal))[name];

    /// <summary>The symbols that point to <paramref name="value"/> in <paramref name="section"/>, in the table's order.</summary>
    public IEnumerable<FileSymbol> SymbolsAt(FileSection section, long value) =>
        (_byPlace ??= Symbols.Where(s => s.Section is not null).ToLookup(s => (s.Section!.Index, s.Value)))[(section.Index, value)];

    /// <summary>Reads <paramref name="bytes"/>; <paramref name="name"/> is used in messages.</summary>
    /// <exception cref="DamagedFileException">It is not a well-formed relocatable x86-64 file.</exception>
    public static RelocatableFile Read(byte[] bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        var file = new RelocatableFile(bytes, name);
        file.ReadSections();
        file.ReadSymbols();
        file.ReadRelocations(loadedOnly: false);
        return file;
    }

    /// <summary>Reads what of <paramref name="bytes"/> is loaded when it runs: hundreds of objects with debug information are large.</summary>
    /// <exception cref="DamagedFileException">It is not a well-formed relocatable x86-64 file.</exception>
    public static RelocatableFile ReadLoaded(byte[] bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        var file = new RelocatableFile(bytes, name);
        file.ReadSections();
        file.ReadSymbols();
        file.ReadRelocations(loadedOnly: true);
        file._loaded = [.. file.Sections.Select(s => s.IsAlloc ? file.BytesOf(s).ToArray() : [])];
        file._bytes = [];
        return file;
    }

    private DamagedFileException Damaged(string place, string problem) => new(Name, place, problem);

    private ReadOnlySpan<byte> Slice(ulong offset, ulong length, string what) =>
        offset <= (ulong)_bytes.Length && length <= (ulong)_bytes.Length - offset
            ? _bytes.AsSpan((int)offset, (int)length)
            : throw Damaged(what, "reaches past the end of the file");

    private static ushort U16(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadUInt16LittleEndian(b);

    private static uint U32(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadUInt32LittleEndian(b);

    private static ulong U64(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadUInt64LittleEndian(b);

    private void ReadSections()
    {
        var header = Slice(0, 64, "ELF header");
        if (!header[..6].SequenceEqual("\x7f"u8.ToArray().Concat("ELF\x02\x01"u8.ToArray()).ToArray()) || U16(header[16..]) != 1 || U16(header[18..]) != 62)
        {
            throw Damaged("ELF header", "no relocatable x86-64 ELF file");
        }
        var table = U64(header[40..]);
        var first = Slice(table, 64, "section headers");
        // With 65,280 sections or more the true numbers stand in the null section.
        ulong count = U16(header[60..]) is not 0 and var few ? few : U64(first[32..]);
        var names = U16(header[62..]) is not 0xffff and var small ? small : U32(first[40..]);
        if (count > MaxSections || U16(header[58..]) != 64 || names >= count)
        {
            throw Damaged("section headers", "their number or size makes no sense");
        }
        var headers = Slice(table, count * 64, "section headers").ToArray();
        var strings = headers.AsSpan((int)names * 64, 64);
        var (stringsAt, stringsSize) = (U64(strings[24..]), U64(strings[32..]));
        var sections = new FileSection[count];
        var (contents, zeroed) = (0L, 0L);
        for (var i = 0; i < sections.Length; i++)
        {
            var h = headers.AsSpan(i * 64, 64);
            var section = new FileSection(i, Text(stringsAt, stringsSize, U32(h), $"section {i}"), U32(h[4..]), U64(h[8..]),
                (long)U64(h[24..]), (long)U64(h[32..]), (long)U64(h[56..]), U32(h[44..]), (long)U64(h[48..]));
            if (section.Size < 0 || section.Size > int.MaxValue)
            {
                throw Damaged($"section {section.Name}", "is larger than any module");
            }
            if (section.HasBytes)
            {
                Slice((ulong)section.Offset, (ulong)section.Size, $"section {section.Name}");
            }
            contents += section.HasBytes ? section.Size : 0;
            zeroed += section.IsZeroed ? section.Size : 0;
            // Sections that share their bytes would make a small file as much work as a large one.
            if (contents > _bytes.Length || zeroed > MaxZeroedBytes)
            {
                throw Damaged($"section {section.Name}", "sections up to here hold more than the file does, or more zeroes than any module");
            }
            sections[i] = section;
        }
        Sections = sections;
    }

    private const long MaxNameBytesPerByte = 4;
    private long _nameBytes;

    private string Text(ulong tableAt, ulong tableSize, ulong offset, string what)
    {
        if (offset >= tableSize)
        {
            return offset == 0 ? "" : throw Damaged(what, "its name is outside the string table");
        }
        var rest = Slice(tableAt, tableSize, "string table")[(int)offset..];
        var end = rest.IndexOf((byte)0);
        _nameBytes += Math.Max(0, end);
        return end < 0 ? throw Damaged(what, "its name has no end")
            : end > MaxNameBytes ? throw Damaged(what, $"its name has {end} bytes")
            : _nameBytes > MaxNameBytesPerByte * _bytes.Length ? throw Damaged("string table", "symbols share names in a way that no compiler does: together they are larger than the file")
            : Encoding.UTF8.GetString(rest[..end]);
    }

    private void ReadSymbols()
    {
        if (Sections.FirstOrDefault(s => s.Type == 2) is not { } table)
        {
            return;
        }
        var h = Slice((ulong)HeaderOf(table), 64, "section headers");
        var link = U32(h[40..]);
        var strings = link < Sections.Count ? Sections[(int)link] : throw Damaged("symbol table", "has no string table");
        var wide = Sections.FirstOrDefault(s => s.Type == 18) is { } w ? BytesOf(w) : default;
        var bytes = BytesOf(table);
        var symbols = new FileSymbol[bytes.Length / 24];
        for (var i = 0; i < symbols.Length; i++)
        {
            var s = bytes.Slice(i * 24, 24);
            uint index = U16(s[6..]);
            var (place, section) = (SymbolPlace.Section, (FileSection?)null);
            if (index is 0 or 0xfff1 or 0xfff2 or 0xff20)
            {
                place = index switch { 0 => SymbolPlace.Undefined, 0xfff1 => SymbolPlace.Absolute, 0xfff2 => SymbolPlace.Common, _ => SymbolPlace.Livepatch };
            }
            else
            {
                if (index == 0xffff)
                {
                    index = (i + 1) * 4 <= wide.Length ? U32(wide[(i * 4)..]) : throw Damaged($"symbol {i}", "its section number is missing");
                }
                section = index < Sections.Count ? Sections[(int)index] : throw Damaged($"symbol {i}", "is in a section that does not exist");
            }
            symbols[i] = new FileSymbol(i, Text((ulong)strings.Offset, (ulong)strings.Size, U32(s), $"symbol {i}"), place, section,
                (long)U64(s[8..]), (long)U64(s[16..]), s[4] & 15, s[4] >> 4);
        }
        Symbols = symbols;
    }

    private long HeaderOf(FileSection section) => (long)U64(_bytes.AsSpan(40)) + section.Index * 64L;

    private void ReadRelocations(bool loadedOnly)
    {
        foreach (var table in Sections.Where(s => s.Type == 4))
        {
            var target = table.Info < Sections.Count ? Sections[(int)table.Info] : throw Damaged($"section {table.Name}", "relocates a section that does not exist");
            if (loadedOnly && !target.IsAlloc)
            {
                continue;
            }
            if (!_relocations.TryGetValue(target.Index, out var list))
            {
                _relocations[target.Index] = list = [];
            }
            var bytes = BytesOf(table);
            for (var at = 0; at + 24 <= bytes.Length; at += 24)
            {
                var symbol = U32(bytes[(at + 12)..]);
                var offset = (long)U64(bytes[at..]);
                var type = U32(bytes[(at + 8)..]);
                if (symbol >= Symbols.Count || offset < 0 || offset > target.Size - RelocationKind.Width(type))
                {
                    throw Damaged($"section {table.Name}, entry {at / 24}", "its symbol or its place does not exist");
                }
                if (type != RelocationKind.None)
                {
                    list.Add(new FileRelocation(offset, type, Symbols[(int)symbol], (long)U64(bytes[(at + 16)..]), table));
                }
            }
        }
        foreach (var list in _relocations.Values)
        {
            list.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        }
    }
}
