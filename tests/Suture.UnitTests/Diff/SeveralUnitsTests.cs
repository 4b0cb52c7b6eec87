using Shouldly;
using Suture.Diff;
using Suture.Elf;
using Xunit;

namespace Suture.UnitTests.Diff;

/// <summary>Objects that a linker joined (<c>ld -r</c>): files have static variables of the same name.</summary>
public sealed class SeveralUnitsTests
{
    [Fact]
    public void An_object_is_the_same_as_itself() =>
        Differ.Run(Joined(["a.c", "b.c", "b.c"], change: 0), Joined(["a.c", "b.c", "b.c"], change: 0)).Verdict.ShouldBe(Verdict.Unchanged);

    [Fact]
    public void Each_file_has_its_own_variable()
    {
        var result = Differ.Run(Joined(["a.c", "b.c", "b.c"], change: 0), Joined(["a.c", "b.c", "b.c"], change: 2));
        result.Verdict.ShouldBe(Verdict.Patchable);
        result.Functions.ShouldHaveSingleItem().Element.Name.ShouldBe("use1");
        result.Included.ShouldHaveSingleItem();
        result.Externals.Where(p => p.Key.Name == "count").ShouldHaveSingleItem().Value!.Section.Name.ShouldBe(".data.1");
    }

    [Fact]
    public void Where_files_have_no_names_it_is_refused() =>
        Differ.Run(Joined([null, null], change: 0), Joined([null, null], change: 1)).Findings.ShouldContain(f => f.Code == "SUT0206" && f.Symbol == "count");

    /// <summary>A file for each name, with a variable called count and a function that reads it; the function of number <paramref name="change"/>, from 1, has changed.</summary>
    private static ElfObject Joined(string?[] files, int change)
    {
        var source = new ElfObject("joined.o");
        var tracer = new Symbol("__fentry__") { Binding = SymbolBinding.Global };
        source.Symbols.Add(tracer);
        for (var i = 0; i < files.Length; i++)
        {
            // call __fentry__; mov count(%rip),%eax; mov $0,%ecx; ret
            var code = new Section($".text.{i}", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.ExecInstr)
            {
                Data = [0xe8, 0, 0, 0, 0, 0x8b, 0x05, 0, 0, 0, 0, 0xb9, (byte)(change == i + 1 ? 1 : 0), 0, 0, 0, 0xc3],
            };
            var data = new Section($".data.{i}", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.Write) { Data = [(byte)i, 0, 0, 0], Alignment = 4 };
            source.Sections.AddRange([code, data]);
            var count = new Symbol("count") { Section = data, Size = 4, Type = SymbolType.Object };
            if (files[i] is { } file)
            {
                source.Symbols.Add(new Symbol(file) { Type = SymbolType.File, Place = SymbolPlace.Absolute });
            }
            source.Symbols.Add(count);
            source.Symbols.Add(new Symbol($"use{i}") { Section = code, Size = (ulong)code.Data.Length, Type = SymbolType.Func, Binding = SymbolBinding.Global });
            code.Relocations.Add(new Relocation(1, RelocationType.Plt32, tracer, -4));
            code.Relocations.Add(new Relocation(7, RelocationType.Pc32, count, -4));
        }
        return source;
    }
}
