using System.Buffers.Binary;
using System.Text;

namespace Suture.Elf;

public sealed partial class ElfObject
{
    /// <summary>
    /// Writes the object: header, section contents, symbol table (locals first, as the specification asks),
    /// relocation sections, string tables, section headers. The same graph always gives the same bytes.
    /// </summary>
    /// <exception cref="InvalidOperationException">A symbol or relocation refers to something outside this object (a bug in the caller).</exception>
    public byte[] Write() => new Writer(this).Write();

    private sealed class Writer(ElfObject source)
    {
        private sealed record Output(
            string Name, SectionType Type, SectionFlags Flags, byte[] Data, ulong Size,
            uint Link, uint Info, ulong Alignment, ulong EntrySize);

        private readonly Dictionary<Section, int> _sectionNumbers = new(ReferenceEqualityComparer.Instance);
        private readonly Dictionary<Symbol, int> _symbolNumbers = new(ReferenceEqualityComparer.Instance);
        private readonly List<Output> _outputs = [];

        public byte[] Write()
        {
            // Numbers first: contents, then the relocation sections, then the tables.
            var next = 1;
            foreach (var section in source.Sections)
            {
                _sectionNumbers[section] = next++;
            }
            var relocated = source.Sections.FindAll(s => s.Relocations.Count > 0 && s.Type != SectionType.Rela);
            next += relocated.Count;
            var symbolTable = (uint)next;

            var ordered = new List<Symbol>(source.Symbols.Count);
            ordered.AddRange(source.Symbols.Where(s => s.Binding == SymbolBinding.Local));
            var localCount = ordered.Count + 1;
            ordered.AddRange(source.Symbols.Where(s => s.Binding != SymbolBinding.Local));
            for (var i = 0; i < ordered.Count; i++)
            {
                _symbolNumbers[ordered[i]] = i + 1;
            }

            foreach (var section in source.Sections)
            {
                _outputs.Add(Describe(section, symbolTable));
            }
            foreach (var section in relocated)
            {
                _outputs.Add(new Output(
                    ".rela" + section.Name, SectionType.Rela, SectionFlags.InfoLink, EncodeRelocations(section.Relocations), 0,
                    symbolTable, (uint)_sectionNumbers[section], 8, RelaSize));
            }
            AddSymbolTables(ordered, localCount, symbolTable);
            return Assemble();
        }

        private Output Describe(Section section, uint symbolTable)
        {
            switch (section.Type)
            {
                case SectionType.Rela:
                    var target = section.Target ?? throw new InvalidOperationException($"{section.Name} has no target section");
                    return new Output(section.Name, section.Type, section.Flags, EncodeRelocations(section.Relocations), 0,
                        symbolTable, (uint)Number(target), 8, RelaSize);
                case SectionType.Group:
                    var data = new byte[4 + 4 * section.GroupMembers.Count];
                    section.Data.CopyTo(data, 0);
                    for (var i = 0; i < section.GroupMembers.Count; i++)
                    {
                        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(4 + 4 * i), (uint)Number(section.GroupMembers[i]));
                    }
                    var signature = section.GroupSignature is { } s ? (uint)Number(s) : 0;
                    return new Output(section.Name, section.Type, section.Flags, data, 0, symbolTable, signature, 4, 4);
                default:
                    var link = section.Link is { } l ? (uint)Number(l) : 0;
                    return new Output(section.Name, section.Type, section.Flags, section.Data, section.Size,
                        link, 0, section.Alignment, section.EntrySize);
            }
        }

        private int Number(Section section) => _sectionNumbers.TryGetValue(section, out var n)
            ? n
            : throw new InvalidOperationException($"section {section.Name} is not part of {source.Name}");

        private int Number(Symbol symbol) => _symbolNumbers.TryGetValue(symbol, out var n)
            ? n
            : throw new InvalidOperationException($"symbol {symbol} is not part of {source.Name}");

        private byte[] EncodeRelocations(List<Relocation> relocations)
        {
            var data = new byte[relocations.Count * RelaSize];
            for (var i = 0; i < relocations.Count; i++)
            {
                var r = relocations[i];
                var entry = data.AsSpan(i * RelaSize);
                BinaryPrimitives.WriteUInt64LittleEndian(entry, r.Offset);
                BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], ((ulong)Number(r.Symbol) << 32) | r.Type);
                BinaryPrimitives.WriteInt64LittleEndian(entry[16..], r.Addend);
            }
            return data;
        }

        private void AddSymbolTables(List<Symbol> ordered, int localCount, uint symbolTable)
        {
            var names = new StringTable();
            var table = new byte[(ordered.Count + 1) * SymbolSize];
            byte[]? extended = null;
            for (var i = 0; i < ordered.Count; i++)
            {
                var symbol = ordered[i];
                var entry = table.AsSpan((i + 1) * SymbolSize);
                BinaryPrimitives.WriteUInt32LittleEndian(entry, names.Add(symbol.Name));
                entry[4] = (byte)(((int)symbol.Binding << 4) | (int)symbol.Type);
                entry[5] = symbol.Other;
                var index = symbol.Section is { } s ? Number(s) : (int)symbol.Place;
                if (symbol.Section is not null && index >= FirstReservedIndex)
                {
                    extended ??= new byte[(ordered.Count + 1) * 4];
                    BinaryPrimitives.WriteInt32LittleEndian(extended.AsSpan((i + 1) * 4), index);
                    index = ExtendedIndex;
                }
                BinaryPrimitives.WriteUInt16LittleEndian(entry[6..], (ushort)index);
                BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], symbol.Value);
                BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], symbol.Size);
            }
            _outputs.Add(new Output(".symtab", SectionType.SymTab, 0, table, 0, symbolTable + 1, (uint)localCount, 8, SymbolSize));
            _outputs.Add(new Output(".strtab", SectionType.StrTab, 0, names.ToArray(), 0, 0, 0, 1, 0));
            if (extended is not null)
            {
                _outputs.Add(new Output(".symtab_shndx", SectionType.SymTabShndx, 0, extended, 0, symbolTable, 0, 4, 4));
            }
        }

        private byte[] Assemble()
        {
            var names = new StringTable();
            var nameOffsets = _outputs.ConvertAll(o => names.Add(o.Name));
            nameOffsets.Add(names.Add(".shstrtab"));
            _outputs.Add(new Output(".shstrtab", SectionType.StrTab, 0, names.ToArray(), 0, 0, 0, 1, 0));
            var count = (ulong)_outputs.Count + 1;

            var offset = (ulong)HeaderSize;
            var offsets = new ulong[_outputs.Count];
            for (var i = 0; i < _outputs.Count; i++)
            {
                offset = AlignUp(offset, Math.Max(1, _outputs[i].Alignment));
                offsets[i] = offset;
                offset += (ulong)_outputs[i].Data.Length;
            }
            var tableOffset = AlignUp(offset, 8);
            var file = new byte[tableOffset + count * SectionHeaderSize];
            WriteHeader(file, tableOffset, count);
            for (var i = 0; i < _outputs.Count; i++)
            {
                var output = _outputs[i];
                output.Data.CopyTo(file.AsSpan((int)offsets[i]));
                var h = file.AsSpan((int)tableOffset + (i + 1) * SectionHeaderSize);
                BinaryPrimitives.WriteUInt32LittleEndian(h, nameOffsets[i]);
                BinaryPrimitives.WriteUInt32LittleEndian(h[4..], (uint)output.Type);
                BinaryPrimitives.WriteUInt64LittleEndian(h[8..], (ulong)output.Flags);
                BinaryPrimitives.WriteUInt64LittleEndian(h[24..], offsets[i]);
                BinaryPrimitives.WriteUInt64LittleEndian(h[32..], output.Type == SectionType.NoBits ? output.Size : (ulong)output.Data.Length);
                BinaryPrimitives.WriteUInt32LittleEndian(h[40..], output.Link);
                BinaryPrimitives.WriteUInt32LittleEndian(h[44..], output.Info);
                BinaryPrimitives.WriteUInt64LittleEndian(h[48..], output.Alignment);
                BinaryPrimitives.WriteUInt64LittleEndian(h[56..], output.EntrySize);
            }
            return file;
        }

        private static void WriteHeader(Span<byte> file, ulong tableOffset, ulong count)
        {
            BinaryPrimitives.WriteUInt32BigEndian(file, 0x7f454c46);
            file[4] = 2; // ELFCLASS64
            file[5] = 1; // ELFDATA2LSB
            file[6] = 1; // EV_CURRENT
            BinaryPrimitives.WriteUInt16LittleEndian(file[16..], 1); // ET_REL
            BinaryPrimitives.WriteUInt16LittleEndian(file[18..], MachineX8664);
            BinaryPrimitives.WriteUInt32LittleEndian(file[20..], 1);
            BinaryPrimitives.WriteUInt64LittleEndian(file[40..], tableOffset);
            BinaryPrimitives.WriteUInt16LittleEndian(file[52..], HeaderSize);
            BinaryPrimitives.WriteUInt16LittleEndian(file[58..], SectionHeaderSize);
            var last = count - 1; // .shstrtab
            var first = file[(int)tableOffset..];
            if (count >= FirstReservedIndex)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(first[32..], count);
            }
            if (last >= FirstReservedIndex)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(first[40..], (uint)last);
            }
            BinaryPrimitives.WriteUInt16LittleEndian(file[60..], count >= FirstReservedIndex ? (ushort)0 : (ushort)count);
            BinaryPrimitives.WriteUInt16LittleEndian(file[62..], last >= FirstReservedIndex ? ExtendedIndex : (ushort)last);
        }

        private static ulong AlignUp(ulong value, ulong alignment) => (value + alignment - 1) & ~(alignment - 1);
    }

    private sealed class StringTable
    {
        private readonly MemoryStream _bytes = new();
        private readonly Dictionary<string, uint> _offsets = new(StringComparer.Ordinal);

        public StringTable() => _bytes.WriteByte(0);

        public uint Add(string text)
        {
            if (text.Length == 0)
            {
                return 0;
            }
            if (!_offsets.TryGetValue(text, out var offset))
            {
                offset = (uint)_bytes.Length;
                _offsets[text] = offset;
                _bytes.Write(Encoding.UTF8.GetBytes(text));
                _bytes.WriteByte(0);
            }
            return offset;
        }

        public byte[] ToArray() => _bytes.ToArray();
    }
}
