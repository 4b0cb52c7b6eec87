using Shouldly;
using Suture.Diff;
using Suture.Diff.Findings;
using Suture.Elf;
using Suture.UnitTests.Elf;
using Xunit;

namespace Suture.UnitTests.Diff;

/// <summary>Type information cut by hand, and damaged: it is judged, or said to be damaged, and nothing else happens.</summary>
public sealed class TypeInformationTests
{
    private static BtfBytes Before => new BtfBytes().Int("int").Struct("sock", 8, ("a", 1, 0), ("b", 1, 32)).Struct("outer", 12, ("s", 2, 0), ("z", 1, 64));

    private static BtfBytes After => new BtfBytes().Int("int").Struct("sock", 12, ("a", 1, 0), ("x", 1, 32), ("b", 1, 64)).Struct("outer", 16, ("s", 2, 0), ("z", 1, 96));

    private static List<Finding> Findings(byte[] original, byte[] patched) => [.. Differ.Run(
        With(SampleObjects.Small, (".BTF", original)), With(SampleObjects.SmallPatched, (".BTF", patched))).Findings.Where(f => f.Code.StartsWith("SUT05", StringComparison.Ordinal))];

    private static ElfObject With(byte[] bytes, params (string Name, byte[] Data)[] sections)
    {
        var read = ElfObject.Read(bytes, "object");
        foreach (var (name, data) in sections)
        {
            if (read.FindSection(name) is { } section)
            {
                section.Data = data;
                section.Relocations.RemoveAll(r => r.Offset + 8 > (ulong)data.Length);
            }
            else
            {
                read.Sections.Add(new Section(name, SectionType.ProgBits, SectionFlags.None) { Data = data });
            }
        }
        return read;
    }

    [Fact]
    public void The_struct_that_changed_is_named_with_its_field_and_not_the_one_around_it()
    {
        var finding = Findings(Before.Section(), After.Section()).ShouldHaveSingleItem();
        (finding.Code, finding.Symbol, finding.Severity).ShouldBe(("SUT0501", "struct sock", Severity.Error));
        finding.Message.ShouldContain("field 'x' added at offset 4; size 8 -> 12");
    }

    [Fact]
    public void The_same_types_say_nothing() => Findings(Before.Section(), Before.Section()).ShouldBeEmpty();

    [Fact]
    public void Types_that_only_stand_elsewhere_in_the_table_say_nothing() => Findings(Before.Section(),
        new BtfBytes().Add("pad", 1, 0, 8, 64).Int("int").Struct("sock", 8, ("a", 2, 0), ("b", 2, 32)).Struct("outer", 12, ("s", 3, 0), ("z", 2, 64)).Section()).ShouldBeEmpty();

    [Fact]
    public void One_side_without_types_says_nothing() =>
        Differ.Run(With(SampleObjects.Small, (".BTF", Before.Section())), ElfObject.Read(SampleObjects.SmallPatched, "patched"))
            .Findings.ShouldNotContain(f => f.Code.StartsWith("SUT05", StringComparison.Ordinal));

    [Fact]
    public void Every_truncation_is_said_to_be_one()
    {
        var whole = After.Section();
        for (var length = 0; length < whole.Length; length++)
        {
            Findings(Before.Section(), whole[..length]).ShouldHaveSingleItem($"{length} bytes").Code.ShouldBe("SUT0509");
        }
    }

    public static TheoryData<string, byte[]> Damaged() => new()
    {
        { "bad magic", After.Section(magic: 0x1234) },
        { "unknown kind", After.Add("what", 31, 0, 0).Section() },
        { "text offset", After.Add("", 4, 1, 4, 999_999, 1, 0).Section() },
        { "truncated", After.Add("short", 4, 60_000, 4).Section() },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damage_is_named(string word, byte[] section)
    {
        var finding = Findings(Before.Section(), section).ShouldHaveSingleItem();
        (finding.Code, finding.Severity).ShouldBe(("SUT0509", Severity.Warning));
        finding.Message.ShouldContain(word);
    }

    [Fact]
    public void Types_that_go_round_in_circles_end()
    {
        // A typedef of itself, a pointer to itself, an array of itself, a function that takes itself, a struct that holds itself without a name.
        BtfBytes Circles(uint size) => new BtfBytes().Add("t", 8, 0, 1).Add("", 2, 0, 2).Add("", 3, 0, 0, 3, 3, 7).Add("", 13, 2, 4, 0, 4, 0, 4)
            .Add("", 4, 2, 8, 0, 5, 0, 0, 5, 32).Struct("all", size, ("a", 1, 0), ("b", 2, 0), ("c", 3, 0), ("d", 4, 0), ("e", 5, 0));
        Findings(Circles(8).Section(), Circles(16).Section()).ShouldHaveSingleItem().Symbol.ShouldBe("struct all");
    }

    [Fact]
    public void Structs_without_a_name_within_each_other_do_not_multiply_without_end()
    {
        BtfBytes Nested(uint size)
        {
            var btf = new BtfBytes().Int("int");
            for (uint i = 1; i < 40; i++)
            {
                btf.Add("", 4, 2, 8, 0, i, 0, 0, i, 32);
            }
            return btf.Struct("all", size, ("x", 40, 0));
        }
        Findings(Nested(8).Section(), Nested(16).Section()).ShouldHaveSingleItem().Symbol.ShouldBe("struct all");
    }

    [Theory]
    [InlineData(".debug_info", 21)]
    [InlineData(".debug_abbrev", 22)]
    [InlineData(".debug_line", 23)]
    [InlineData(".debug_str", 24)]
    public void Damaged_debugging_information_gives_findings(string name, int seed)
    {
        var (original, patched) = (SampleObjects.Debug, SampleObjects.DebugPatched);
        var random = new Random(seed);
        var data = ElfObject.Read(patched, "patched").FindSection(name)!.Data;
        var damagedFound = 0;
        for (var round = 0; round < 400; round++)
        {
            var damaged = (byte[])data.Clone();
            for (var flips = random.Next(1, 8); flips > 0; flips--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }
            damaged = round % 8 == 0 ? damaged[..random.Next(damaged.Length)] : damaged;
            var result = Differ.Run(ElfObject.Read(original, "original"), With(patched, (name, damaged)));
            damagedFound += result.Findings.Any(f => f.Code == "SUT0509") ? 1 : 0;
        }
        damagedFound.ShouldBeGreaterThan(name == ".debug_str" ? 0 : 50, "most damage contradicts itself");
    }
}
