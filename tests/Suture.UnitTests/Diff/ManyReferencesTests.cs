using System.Buffers.Binary;
using Shouldly;
using Suture.Diff;
using Suture.Elf;
using Xunit;

namespace Suture.UnitTests.Diff;

/// <summary>Functions with tens of thousands of calls and references: what is asked about one must not walk through all the others.</summary>
public sealed class ManyReferencesTests
{
    private const int Count = 20_000;
    private const int Stride = 32;

    // The limits are no measure of speed: work that grows with the square of the count takes many times as long.
    [Fact(Timeout = 30_000)]
    public async Task Line_numbers_of_many_calls_are_told_in_time()
    {
        var result = await Task.Run(() => Differ.Run(Calls(firstLine: 100), Calls(firstLine: 105)), TestContext.Current.CancellationToken);
        result.Verdict.ShouldBe(Verdict.Unchanged);
        result.Findings.ShouldContain(f => f.Code == "SUT0102");
    }

    [Fact(Timeout = 30_000)]
    public async Task Many_tables_of_one_function_are_copied_in_time()
    {
        var result = await Task.Run(() => Differ.Run(Tables(content: 1), Tables(content: 2)), TestContext.Current.CancellationToken);
        result.Verdict.ShouldBe(Verdict.Patchable);
        result.Data.Count.ShouldBe(Count);
    }

    /// <summary>Calls of complain("a.c", line), each with a line of its own and behind a branch.</summary>
    private static ElfObject Calls(int firstLine)
    {
        var (source, code) = Traced("calls.o");
        var texts = new Section(".rodata.str1.1", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.Merge | SectionFlags.Strings)
        {
            Data = "a.c\0"u8.ToArray(),
            EntrySize = 1,
        };
        source.Sections.Add(texts);
        var name = new Symbol("") { Section = texts, Type = SymbolType.Section };
        var callee = new Symbol("complain") { Binding = SymbolBinding.Global };
        source.Symbols.AddRange([name, callee]);
        // mov $name,%rdi; mov $line,%esi; je to the next; call
        Repeat(code, [0x48, 0xc7, 0xc7, 0, 0, 0, 0, 0xbe, 0, 0, 0, 0, 0x74, 0, 0xe8, 0, 0, 0, 0], (bytes, i, at) =>
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], firstLine + i);
            code.Relocations.Add(new Relocation(at + 3, RelocationType.Abs32S, name, 0));
            code.Relocations.Add(new Relocation(at + 15, RelocationType.Plt32, callee, -4));
        });
        return Finish(source, code);
    }

    /// <summary>Reads of as many constant tables, all with the same content. None begins where another ends, which would be refused.</summary>
    private static ElfObject Tables(byte content)
    {
        var (source, code) = Traced("tables.o");
        var data = new Section(".rodata", SectionType.ProgBits, SectionFlags.Alloc) { Data = new byte[Stride * Count], Alignment = 16 };
        data.Data.AsSpan().Fill(content);
        source.Sections.Add(data);
        // mov table(%rip),%rax
        Repeat(code, [0x48, 0x8b, 0x05, 0, 0, 0, 0], (_, i, at) =>
        {
            var table = new Symbol($"table{i}_") { Section = data, Value = (ulong)(Stride * i), Size = 16, Type = SymbolType.Object };
            source.Symbols.Add(table);
            code.Relocations.Add(new Relocation(at + 3, RelocationType.Pc32, table, -4));
        });
        return Finish(source, code);
    }

    private delegate void Fill(Span<byte> bytes, int index, ulong at);

    private static void Repeat(Section code, byte[] pattern, Fill fill)
    {
        var start = code.Data.Length;
        var bytes = new byte[start + pattern.Length * Count + 1];
        code.Data.CopyTo(bytes, 0);
        for (var i = 0; i < Count; i++)
        {
            var at = start + i * pattern.Length;
            pattern.CopyTo(bytes, at);
            fill(bytes.AsSpan(at, pattern.Length), i, (ulong)at);
        }
        bytes[^1] = 0xc3;
        code.Data = bytes;
    }

    /// <summary>A function that so far only calls the tracer.</summary>
    private static (ElfObject Source, Section Code) Traced(string name)
    {
        var source = new ElfObject(name);
        var code = new Section(".text", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.ExecInstr) { Data = [0xe8, 0, 0, 0, 0], Alignment = 16 };
        var tracer = new Symbol("__fentry__") { Binding = SymbolBinding.Global };
        source.Sections.Add(code);
        source.Symbols.Add(tracer);
        code.Relocations.Add(new Relocation(1, RelocationType.Plt32, tracer, -4));
        return (source, code);
    }

    private static ElfObject Finish(ElfObject source, Section code)
    {
        source.Symbols.Add(new Symbol("function") { Section = code, Size = (ulong)code.Data.Length, Type = SymbolType.Func, Binding = SymbolBinding.Global });
        return source;
    }
}
