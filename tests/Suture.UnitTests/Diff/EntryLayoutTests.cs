using Shouldly;
using Suture.Diff.Model;
using Suture.Elf;
using Xunit;

namespace Suture.UnitTests.Diff;

/// <summary>That the layout of a table is told from its relocations, also where several layouts fit its length.</summary>
public sealed class EntryLayoutTests
{
    private static readonly Section Code = new(".text", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.ExecInstr);
    private static readonly Symbol InCode = new("") { Section = Code, Type = SymbolType.Section };
    private static readonly Symbol Elsewhere = new("ex_handler_default");

    [Theory]
    [InlineData("__ex_table", 24, 2, "p0 p4", 12)]
    [InlineData("__ex_table", 24, 3, "p0 p4", 8)]
    [InlineData("__ex_table", 24, 2, "p0 p4 e8", 12)]
    [InlineData("__jump_table", 48, 3, "p0 p4 r8", 16)]
    [InlineData("__jump_table", 48, 2, "a0 a8 a16", 24)]
    [InlineData("__bug_table", 48, 4, "p0 p4", 12)]
    [InlineData("__bug_table", 48, 3, "p0 p4 p8", 16)]
    [InlineData("__bug_table", 48, 6, "p0", 8)]
    [InlineData("__bug_table", 48, 2, "a0 a8", 24)]
    [InlineData(".altinstructions", 156, 12, "p0 p4", 13)]
    [InlineData(".altinstructions", 156, 13, "p0 p4", 12)]
    [InlineData(".altinstructions", 84, 6, "p0 p4", 14)]
    [InlineData(".parainstructions", 28, 2, "a0", 16)]
    [InlineData(".discard.unwind_hints", 24, 2, "p0", 12)]
    [InlineData(".discard.annotate_insn", 24, 3, "p0", 8)]
    public void Layout_is_told_by_the_fields(string name, int length, int entries, string fields, int expected)
    {
        var section = Table(name, length, entries, fields);
        SpecialSections.Layout(SpecialSections.Find(section)!, section, new Dictionary<string, int>(), "test.o")!.Size.ShouldBe(expected);
    }

    [Fact]
    public void A_table_of_no_known_layout_is_refused_and_an_annotation_left_out()
    {
        var table = Table("__jump_table", 20, 1, "p0");
        Should.Throw<ElfFormatException>(() => SpecialSections.Layout(SpecialSections.Find(table)!, table, new Dictionary<string, int>(), "test.o"))
            .Message.ShouldContain("--entry-size jump=BYTES");
        var annotation = Table(".discard.unheard_of", 5, 1, "p0");
        SpecialSections.Layout(SpecialSections.Find(annotation)!, annotation, new Dictionary<string, int>(), "test.o").ShouldBeNull();
    }

    [Fact]
    public void A_given_size_counts_and_must_fit()
    {
        var table = Table("__bug_table", 40, 2, "p0 p4");
        SpecialSections.Layout(SpecialSections.Find(table)!, table, new Dictionary<string, int> { ["bug"] = 20 }, "test.o")!.Size.ShouldBe(20);
        Should.Throw<ElfFormatException>(() =>
            SpecialSections.Layout(SpecialSections.Find(table)!, table, new Dictionary<string, int> { ["bug"] = 8 }, "test.o"));
    }

    /// <summary>A table with a relocation in each field: p and e 4 bytes relative (e to a function elsewhere), r 8 relative, a 8 absolute.</summary>
    private static Section Table(string name, int length, int entries, string fields)
    {
        var section = new Section(name, SectionType.ProgBits, SectionFlags.Alloc) { Data = new byte[length] };
        for (var i = 0; i < entries; i++)
        {
            foreach (var field in fields.Split(' '))
            {
                var stride = name == ".parainstructions" ? 16 : length / entries;
                var type = field[0] switch { 'a' => RelocationType.Abs64, 'r' => RelocationType.Pc64, _ => RelocationType.Pc32 };
                section.Relocations.Add(new Relocation(
                    (ulong)(i * stride + int.Parse(field.AsSpan(1))), type, field[0] == 'e' ? Elsewhere : InCode, 0));
            }
        }
        return section;
    }
}
