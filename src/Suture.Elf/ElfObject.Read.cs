using System.Buffers.Binary;
using System.Text;

namespace Suture.Elf;

public sealed partial class ElfObject
{
    /// <summary>Reads the file at <paramref name="path"/>.</summary>
    /// <exception cref="ElfFormatException">It is not a well-formed relocatable x86-64 file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ElfObject ReadFile(string path) => Read(File.ReadAllBytes(path), path);

    /// <summary>Reads an object from <paramref name="bytes"/>; <paramref name="name"/> names it in messages.</summary>
    /// <exception cref="ElfFormatException">It is not a well-formed relocatable x86-64 file.</exception>
    public static ElfObject Read(byte[] bytes, string name) => new Reader(bytes, name).Read();

    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;
    private const int SymbolSize = 24;
    private const int RelaSize = 24;

    /// <summary>SHN_LORESERVE: section numbers from here on have special meanings.</summary>
    private const ushort FirstReservedIndex = 0xff00;

    /// <summary>SHN_XINDEX: the number is in the SHT_SYMTAB_SHNDX section or in section header 0.</summary>
    private const ushort ExtendedIndex = 0xffff;

    /// <summary>Bytes of memory that all NOBITS sections together may claim; a hostile size must not reach an allocator later.</summary>
    private const ulong MaxNoBitsSize = 1UL << 30;

    /// <summary>Bytes of names per byte of the file. Names may share their tails, not so much that they cost more than the file.</summary>
    private const long MaxNameBytesPerByte = 4;

    private readonly record struct RawSection(
        uint Name, SectionType Type, SectionFlags Flags, ulong Offset, ulong Size,
        uint Link, uint Info, ulong Alignment, ulong EntrySize);

    private sealed class Reader(byte[] bytes, string name)
    {
        private RawSection[] _raw = [];
        private Section?[] _sections = [];
        private Symbol[] _symbols = [];
        private long _nameBytes;
        private ulong _expanded;

        public ElfObject Read()
        {
            var result = new ElfObject(name);
            ReadHeaders();
            MakeSections(result);
            ReadSymbols(result);
            ReadRelocations();
            ReadGroups();
            result._trailer = Trailer();
            return result;
        }

        private byte[] Trailer()
        {
            var end = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(40)) + (ulong)_raw.Length * SectionHeaderSize;
            foreach (var raw in _raw)
            {
                end = raw.Type is SectionType.NoBits or SectionType.Null ? end : Math.Max(end, raw.Offset + raw.Size);
            }
            return end < (ulong)bytes.Length ? bytes[(int)end..] : [];
        }

        private ElfFormatException Fault(string place, string fault) => new(name, place, fault);

        private ReadOnlySpan<byte> Slice(ulong offset, ulong size, string place)
        {
            if (offset > (ulong)bytes.Length || size > (ulong)bytes.Length - offset)
            {
                throw Fault(place, $"{size} bytes at offset {offset} reach past the end of the file ({bytes.Length} bytes); it may be truncated");
            }
            return bytes.AsSpan((int)offset, (int)size);
        }

        private void ReadHeaders()
        {
            var header = Slice(0, HeaderSize, "ELF header");
            if (BinaryPrimitives.ReadUInt32BigEndian(header) != 0x7f454c46)
            {
                throw Fault("ELF header", "not an ELF file (bad magic)");
            }
            if (header[4] != 2 || header[5] != 1)
            {
                throw Fault("ELF header", "not a 64-bit little-endian file");
            }
            var type = BinaryPrimitives.ReadUInt16LittleEndian(header[16..]);
            if (type != 1)
            {
                throw Fault("ELF header", $"e_type is {type}; a relocatable object (1) is needed");
            }
            var machine = BinaryPrimitives.ReadUInt16LittleEndian(header[18..]);
            if (machine != MachineX8664)
            {
                throw Fault("ELF header", $"e_machine is {machine}; only x86-64 ({MachineX8664}) is supported");
            }
            var tableOffset = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
            var entrySize = BinaryPrimitives.ReadUInt16LittleEndian(header[58..]);
            ulong count = BinaryPrimitives.ReadUInt16LittleEndian(header[60..]);
            ulong stringIndex = BinaryPrimitives.ReadUInt16LittleEndian(header[62..]);
            if (entrySize != SectionHeaderSize)
            {
                throw Fault("ELF header", $"e_shentsize is {entrySize}, not {SectionHeaderSize}");
            }
            // More than 65,279 sections: the real counts stand in section header 0 (ELF specification).
            var first = Slice(tableOffset, SectionHeaderSize, "section header 0");
            if (count == 0)
            {
                count = BinaryPrimitives.ReadUInt64LittleEndian(first[32..]);
            }
            if (stringIndex == ExtendedIndex)
            {
                stringIndex = BinaryPrimitives.ReadUInt32LittleEndian(first[40..]);
            }
            if (count == 0 || count > (ulong)bytes.Length / SectionHeaderSize)
            {
                throw Fault("ELF header", $"{count} section headers do not fit the file; it may be truncated");
            }
            var table = Slice(tableOffset, count * SectionHeaderSize, "section headers");
            _raw = new RawSection[count];
            for (var i = 0; i < _raw.Length; i++)
            {
                var h = table.Slice(i * SectionHeaderSize, SectionHeaderSize);
                _raw[i] = new RawSection(
                    BinaryPrimitives.ReadUInt32LittleEndian(h),
                    (SectionType)BinaryPrimitives.ReadUInt32LittleEndian(h[4..]),
                    (SectionFlags)BinaryPrimitives.ReadUInt64LittleEndian(h[8..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(h[24..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(h[32..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(h[40..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(h[44..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(h[48..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(h[56..]));
            }
            CheckSizes();
            if (stringIndex >= count || _raw[stringIndex].Type != SectionType.StrTab)
            {
                throw Fault("ELF header", $"e_shstrndx {stringIndex} is not a string table");
            }
            _nameTable = _raw[stringIndex];
            _nameTableIndex = (int)stringIndex;
        }

        /// <summary>Sections do not overlap (ELF specification): each is copied, so together they may not be larger than the file.</summary>
        private void CheckSizes()
        {
            ulong contents = 0, memory = 0;
            for (var i = 1; i < _raw.Length; i++)
            {
                var raw = _raw[i];
                if (raw.Type == SectionType.Null)
                {
                    continue;
                }
                ref var sum = ref raw.Type == SectionType.NoBits ? ref memory : ref contents;
                sum += Math.Min(raw.Size, 1UL << 40);
                if (contents > (ulong)bytes.Length)
                {
                    throw Fault($"section header {i}", $"sections up to here hold {contents} bytes, more than the file ({bytes.Length} bytes); it may be truncated");
                }
                if (memory > MaxNoBitsSize)
                {
                    throw Fault($"section header {i}", $"zero-filled sections claim more than {MaxNoBitsSize} bytes of memory");
                }
            }
        }

        private RawSection _nameTable;
        private int _nameTableIndex;

        private void MakeSections(ElfObject result)
        {
            var names = Slice(_nameTable.Offset, _nameTable.Size, "section name table").ToArray();
            _sections = new Section?[_raw.Length];
            var symbolStringTables = _raw.Where(r => r.Type == SectionType.SymTab).Select(r => (long)r.Link).ToHashSet();
            for (var i = 1; i < _raw.Length; i++)
            {
                var raw = _raw[i];
                var sectionName = ReadString(names, raw.Name, $"section header {i}");
                var folded = raw.Type is SectionType.SymTab or SectionType.SymTabShndx or SectionType.Null
                    || (raw.Type == SectionType.Rela && (raw.Flags & SectionFlags.RelaLivepatch) == 0)
                    || i == _nameTableIndex || symbolStringTables.Contains(i);
                if (folded)
                {
                    continue;
                }
                if (raw.Type == SectionType.Rel)
                {
                    // Compilers write them for what their own tools read, and no system loads.
                    if (raw.Info < _raw.Length && (_raw[raw.Info].Flags & SectionFlags.Alloc) != 0 && !IsOfLlvm(_raw[raw.Info].Type))
                    {
                        throw Fault($"section {sectionName}", "SHT_REL relocations are not used on x86-64");
                    }
                    continue;
                }
                if (raw.Alignment > 1 && (!ulong.IsPow2(raw.Alignment) || raw.Alignment > 1 << 28))
                {
                    throw Fault($"section {sectionName}", $"alignment {raw.Alignment} is not a sane power of two");
                }
                var compressed = raw.Type == SectionType.ProgBits && CompressedSection.Is(sectionName, raw.Flags);
                var section = new Section(compressed ? CompressedSection.PlainName(sectionName) : sectionName, raw.Type, raw.Flags)
                {
                    Alignment = raw.Alignment,
                    EntrySize = raw.EntrySize,
                    Index = result.Sections.Count,
                };
                if (raw.Type == SectionType.NoBits)
                {
                    section.Size = raw.Size;
                }
                else if (raw.Type != SectionType.Rela)
                {
                    section.Data = Slice(raw.Offset, raw.Size, $"section {sectionName}").ToArray();
                }
                if (compressed)
                {
                    Expand(section);
                }
                _sections[i] = section;
                result.Sections.Add(section);
            }
            for (var i = 1; i < _raw.Length; i++)
            {
                if (_sections[i] is { } section && (section.Flags & SectionFlags.LinkOrder) != 0)
                {
                    section.Link = SectionAt(_raw[i].Link, $"section {section.Name}: sh_link");
                }
            }
        }

        /// <summary>Whether it is one of LLVM's own (SHT_LLVM_*, "LLVM Extensions").</summary>
        private static bool IsOfLlvm(SectionType type) => (uint)type is >= 0x6fff4c00 and <= 0x6fff4cff;

        /// <summary>Puts the plain contents into a compressed section. One that cannot be read, or is too large, is left empty, and says that it is compressed.</summary>
        private void Expand(Section section)
        {
            try
            {
                if (CompressedSection.Open(section.Data, section.Flags) is not var (size, contents) || size > CompressedSection.MaxExpanded - _expanded)
                {
                    section.Flags |= SectionFlags.Compressed;
                    section.Data = [];
                    return;
                }
                _expanded += size;
                section.Data = CompressedSection.Expand(contents, (int)size);
                section.Flags &= ~SectionFlags.Compressed;
            }
            catch (InvalidDataException e)
            {
                throw Fault($"section {section.Name}", e.Message);
            }
        }

        private Section? SectionAt(ulong index, string place)
        {
            if (index >= (ulong)_sections.Length)
            {
                throw Fault(place, $"section number {index} is out of range (there are {_sections.Length})");
            }
            return _sections[index];
        }

        private void ReadSymbols(ElfObject result)
        {
            var tableIndex = Array.FindIndex(_raw, r => r.Type == SectionType.SymTab);
            if (tableIndex < 0)
            {
                _symbols = [new Symbol("")];
                return;
            }
            var raw = _raw[tableIndex];
            if (raw.Size % SymbolSize != 0 || raw.Link >= _raw.Length || _raw[raw.Link].Type != SectionType.StrTab)
            {
                throw Fault("symbol table", "size is no multiple of 24 or sh_link is not a string table");
            }
            var names = Slice(_raw[raw.Link].Offset, _raw[raw.Link].Size, "symbol names").ToArray();
            var table = Slice(raw.Offset, raw.Size, "symbol table");
            var extendedIndex = Array.FindIndex(_raw, r => r.Type == SectionType.SymTabShndx && r.Link == tableIndex);
            var extended = extendedIndex < 0
                ? []
                : Slice(_raw[extendedIndex].Offset, _raw[extendedIndex].Size, "extended section numbers");
            _symbols = new Symbol[Math.Max(1, table.Length / SymbolSize)];
            _symbols[0] = new Symbol("");
            for (var i = 1; i < _symbols.Length; i++)
            {
                var entry = table.Slice(i * SymbolSize, SymbolSize);
                var place = $"symbol {i}";
                var symbol = new Symbol(ReadString(names, BinaryPrimitives.ReadUInt32LittleEndian(entry), place))
                {
                    Type = (SymbolType)(entry[4] & 0xf),
                    Binding = (SymbolBinding)(entry[4] >> 4),
                    Other = entry[5],
                    Value = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
                    Size = BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                };
                ulong index = BinaryPrimitives.ReadUInt16LittleEndian(entry[6..]);
                if (index == ExtendedIndex)
                {
                    if (extended.Length < (i + 1) * 4)
                    {
                        throw Fault(place, "section number is extended but there is no SHT_SYMTAB_SHNDX entry");
                    }
                    index = BinaryPrimitives.ReadUInt32LittleEndian(extended[(i * 4)..]);
                    Define(symbol, index, place);
                }
                else if (index >= FirstReservedIndex)
                {
                    symbol.Place = (SymbolPlace)index;
                    if (symbol.Place is not (SymbolPlace.Absolute or SymbolPlace.Common or SymbolPlace.Livepatch))
                    {
                        throw Fault($"{place} ({symbol.Name})", $"section number 0x{index:x} is reserved and unknown");
                    }
                }
                else if (index != 0)
                {
                    Define(symbol, index, place);
                }
                _symbols[i] = symbol;
                result.Symbols.Add(symbol);
            }
        }

        private void Define(Symbol symbol, ulong index, string place)
        {
            var section = SectionAt(index, $"{place} ({symbol.Name})");
            if (section is null)
            {
                // Section symbols of tables that the writer makes anew carry nothing.
                symbol.Place = SymbolPlace.Absolute;
                return;
            }
            symbol.Section = section;
            if (symbol.Value > section.Size || symbol.Size > section.Size - symbol.Value)
            {
                throw Fault($"{place} ({symbol.Name})", $"reaches past the end of section {section.Name}");
            }
        }

        private void ReadRelocations()
        {
            for (var i = 1; i < _raw.Length; i++)
            {
                var raw = _raw[i];
                if (raw.Type != SectionType.Rela)
                {
                    continue;
                }
                var place = $"relocation section {i}";
                var target = SectionAt(raw.Info, place);
                if (target is null || raw.Size % RelaSize != 0)
                {
                    throw Fault(place, "sh_info names no section or size is no multiple of 24");
                }
                if (target.Type is SectionType.NoBits or SectionType.Group && raw.Size > 0)
                {
                    throw Fault(place, $"relocations for section {target.Name}, which has no contents to relocate");
                }
                if ((target.Flags & SectionFlags.Compressed) != 0)
                {
                    // They count in contents that cannot be read here.
                    continue;
                }
                var holder = _sections[i] ?? target;
                if (holder != target)
                {
                    holder.Target = target;
                }
                var table = Slice(raw.Offset, raw.Size, place);
                var relocations = holder.Relocations;
                relocations.EnsureCapacity(relocations.Count + table.Length / RelaSize);
                for (var at = 0; at < table.Length; at += RelaSize)
                {
                    var entry = table.Slice(at, RelaSize);
                    var offset = BinaryPrimitives.ReadUInt64LittleEndian(entry);
                    var info = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
                    var addend = BinaryPrimitives.ReadInt64LittleEndian(entry[16..]);
                    var type = (uint)info;
                    var symbolIndex = info >> 32;
                    if (symbolIndex >= (ulong)_symbols.Length)
                    {
                        throw Fault($"{target.Name}+0x{offset:x}", $"relocation names symbol {symbolIndex} of {_symbols.Length}");
                    }
                    var width = (ulong)Math.Max(0, RelocationType.Width(type));
                    if (offset > target.Size || width > target.Size - offset)
                    {
                        throw Fault($"{target.Name}+0x{offset:x}", "relocation lies outside its section");
                    }
                    relocations.Add(new Relocation(offset, type, _symbols[symbolIndex], addend));
                }
            }
        }

        private void ReadGroups()
        {
            for (var i = 1; i < _raw.Length; i++)
            {
                if (_sections[i] is not { Type: SectionType.Group } group)
                {
                    continue;
                }
                var place = $"group section {group.Name}";
                if (group.Data.Length < 4 || group.Data.Length % 4 != 0 || _raw[i].Info >= _symbols.Length)
                {
                    throw Fault(place, "malformed group");
                }
                group.GroupSignature = _symbols[_raw[i].Info];
                for (var at = 4; at < group.Data.Length; at += 4)
                {
                    var member = SectionAt(BinaryPrimitives.ReadUInt32LittleEndian(group.Data.AsSpan(at)), place);
                    if (member is not null)
                    {
                        group.GroupMembers.Add(member);
                    }
                }
                group.Data = group.Data[..4];
            }
        }

        private string ReadString(byte[] table, uint offset, string place)
        {
            if (offset >= table.Length)
            {
                if (offset == 0)
                {
                    return "";
                }
                throw Fault(place, $"name offset {offset} is outside the string table ({table.Length} bytes)");
            }
            var length = table.AsSpan((int)offset).IndexOf((byte)0);
            if (length < 0)
            {
                throw Fault(place, "name is not terminated");
            }
            _nameBytes += length;
            if (_nameBytes > MaxNameBytesPerByte * bytes.Length)
            {
                throw Fault(place, "names overlap so much that they are larger than the file");
            }
            return length == 0 ? "" : Encoding.UTF8.GetString(table, (int)offset, length);
        }
    }
}
