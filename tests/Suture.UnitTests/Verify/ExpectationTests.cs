using Shouldly;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>What the verifier makes of a pair of objects, without the engine's help.</summary>
public sealed class ExpectationTests
{
    private const string Source = """
        void sink(int, const char *);
        static int state;
        static const int table[] = { 1, 2, 3, 4 };
        static __attribute__((noinline, no_instrument_function)) int helper(int a) { return a * 3; }
        int first(int a) { state += a; sink(state, "text"); return table[a & 3]; }
        int second(int a) { return helper(a) + 1; }
        int third(int a) { static int count; return count += a; }
        int fourth(int a) { static int count; return count -= a; }
        """;

    private static CompiledPair Pair(string old, string with) => new(Source, Source.Replace(old, with, StringComparison.Ordinal));

    private static ExpectedPiece Piece(Manifest manifest, string name) => manifest.Pieces.Single(p => p.Name == name);

    private static IEnumerable<string> RunningNames(Manifest manifest, ExpectedPiece piece) =>
        piece.References.Where(r => r.Running is not null).SelectMany(r => manifest.Running[r.Running!.Value].Names);

    [Fact]
    public void Equal_objects_ask_for_nothing()
    {
        var result = Pair("text", "text").Expect([]);
        result.Omissions.ShouldBeEmpty();
        result.Manifest.Replacements.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("a * 3", "a * 5", "helper")]
    [InlineData("\"text\"", "\"test\"", "first")]
    [InlineData("helper(a) + 1", "helper(a) + 2", "second")]
    [InlineData("count -= a", "count -= a + 1", "fourth")]
    public void A_change_that_no_claim_covers_is_an_omission(string old, string with, string function)
    {
        var pair = Pair(old, with);
        pair.Expect([]).Omissions.ShouldHaveSingleItem().ShouldContain($"'{function}'");
        pair.Expect([function]).Omissions.ShouldBeEmpty();
    }

    [Fact]
    public void A_claim_to_replace_what_does_not_exist_is_an_omission() =>
        Pair("text", "test").Expect(["first", "nobody"]).Omissions.ShouldHaveSingleItem().ShouldContain("nobody");

    [Fact]
    public void State_stays_the_kernels_and_text_is_brought()
    {
        var manifest = Pair("\"text\"", "\"test\"").Expect(["first"]).Manifest;
        var first = Piece(manifest, "first");
        first.Required.ShouldBeTrue();
        RunningNames(manifest, first).ShouldContain("state");
        RunningNames(manifest, first).ShouldContain("table");
        first.References.Where(r => manifest.Running.ElementAtOrDefault(r.Running ?? -1)?.Names.Contains("state") == true).ShouldAllBe(r => r.Own == null);
        manifest.Pieces.ShouldContain(p => p.Kind == PieceKind.Anonymous && p.Bytes == "7465737400");
        first.Entries.ShouldContain(e => e.Section == "__mcount_loc");
        manifest.Replacements.ShouldHaveSingleItem().Name.ShouldBe("first");
    }

    [Fact]
    public void Changed_contents_cannot_come_from_the_kernel()
    {
        var manifest = Pair("{ 1, 2, 3, 4 }", "{ 1, 2, 3, 5 }").Expect(["first"], "table").Manifest;
        var reference = Piece(manifest, "first").References.Single(r => r.Own is { } own && manifest.Pieces[own].Name == "table");
        reference.Running.ShouldBeNull();
    }

    [Fact]
    public void A_place_behind_a_table_belongs_to_it()
    {
        const string loop = """
            static const long table[] = { 1, 2, 3 };
            int last(int a) { asm volatile("mov %0, %%rax" :: "i"((char *)table + 40) : "rax"); return table[a & 1]; }
            """;
        var manifest = new CompiledPair(loop, loop.Replace("a & 1", "a & 2", StringComparison.Ordinal)).Expect(["last"]).Manifest;
        Piece(manifest, "last").References.ShouldContain(r => r.Delta == 40 && r.Running != null && manifest.Running[r.Running.Value].Names.Contains("table"));
    }

    [Fact]
    public void Static_locals_of_one_name_are_told_apart_by_their_functions()
    {
        var manifest = Pair("return count -= a", "sink(1, 0); return count -= a").Expect(["fourth"]).Manifest;
        var counts = RunningNames(manifest, Piece(manifest, "fourth")).Where(n => n.StartsWith("count", StringComparison.Ordinal)).Distinct().ToList();
        counts.ShouldHaveSingleItem();
        var original = RelocatableFile.Read(Pair("text", "text").Original, "original");
        var fourth = original.Find(".text.fourth")!;
        original.RelocationsOf(fourth).Select(r => r.Symbol.IsSection ? r.Symbol.Section!.Name : r.Symbol.Name).ShouldContain(n => n.EndsWith(counts[0], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("2b", 4)]
    [InlineData(".", 0)]
    public void A_file_name_is_expected_whole_wherever_its_distance_counts_from(string from, long beyond)
    {
        var bug = $$"""
            int checked(int a) {
                asm volatile("1: ud2\n.pushsection __bug_table,\"aw\"\n2: .long 1b - {{from}}, %c0 - {{from}}\n .word 1, 0\n.popsection" :: "i"("fs/test.c"));
                return a + 1;
            }
            """;
        var manifest = new CompiledPair(bug, bug.Replace("a + 1", "a + 2", StringComparison.Ordinal)).Expect(["checked"]).Manifest;
        var file = Piece(manifest, "checked").Entries.Single(e => e.Section == "__bug_table").References[1];
        file.Delta.ShouldBe(beyond);
        Convert.FromHexString(manifest.Pieces[file.Own!.Value].Bytes).ShouldBe("fs/test.c\0"u8.ToArray());
    }

    [Theory]
    [InlineData("first", 1)]
    [InlineData("second", 2)]
    public void An_entry_describes_the_function_at_its_place_whatever_symbol_it_counts_from(string name, int value)
    {
        const string functions = """
            #define FUNCTION(name, value) asm(".section .sched.text,\"ax\"\n.globl " name "\n.type " name ",@function\n" name ":\n1: call __fentry__\n" \
                "mov $" value ", %eax\nret\n.size " name ",.-" name "\n.pushsection __mcount_loc,\"a\"\n.quad first + (1b - first)\n.popsection\n.text")
            FUNCTION("first", "1");
            FUNCTION("second", "2");
            """;
        var manifest = new CompiledPair(functions, functions.Replace($"\"{value}\"", "\"3\"", StringComparison.Ordinal)).Expect([name]).Manifest;
        var site = Piece(manifest, name).Entries.ShouldHaveSingleItem().References.ShouldHaveSingleItem();
        manifest.Pieces[site.Own!.Value].Name.ShouldBe(name);
        site.Delta.ShouldBe(0);
    }

    [Theory]
    [InlineData("if (a) {", "if (__builtin_expect(a, 0)) {")]
    [InlineData("if (a) {", "if (a > 9) { static int n; other(&n, 3); } if (a) {")]
    public void Static_locals_of_one_name_in_one_function_are_not_told_apart_by_order(string old, string with)
    {
        const string Twice = """
            void one(int *), other(int *, int);
            void both(int a) { if (a) { static int n; one(&n); } else { static int n; other(&n, 1); } }
            """;
        new CompiledPair(Twice, Twice.Replace("&n, 1", "&n, 2", StringComparison.Ordinal)).Expect(["both"]).Omissions.ShouldBeEmpty();
        var omissions = new CompiledPair(Twice, Twice.Replace(old, with, StringComparison.Ordinal)).Expect(["both"]).Omissions;
        omissions.ShouldNotBeEmpty();
        omissions.ShouldAllBe(o => o.Contains("cannot be told", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("_rs")]
    [InlineData("said._rs")]
    public void The_numbers_of_a_rate_limit_count(string name)
    {
        var limited = $$"""
            int limit(int *);
            static int _rs asm("{{name}}") = 5;
            int said(void) { return limit(&_rs); }
            """;
        new CompiledPair(limited, limited).Expect([]).Omissions.ShouldBeEmpty();
        new CompiledPair(limited, limited.Replace("= 5", "= 6", StringComparison.Ordinal)).Expect([]).Omissions.ShouldHaveSingleItem().ShouldContain("'said'");
    }

    [Fact]
    public void A_static_local_of_a_new_function_is_its_own()
    {
        const string Extra = "void extra(int a) { static int count; sink(count += a, 0); }";
        var manifest = new CompiledPair(Source, Source.Replace("int fourth", Extra + " int fourth", StringComparison.Ordinal)).Expect([], "extra").Manifest;
        RunningNames(manifest, Piece(manifest, "extra")).ShouldNotContain(n => n.StartsWith("count", StringComparison.Ordinal));
    }

    [Fact]
    public void A_manifest_survives_being_written()
    {
        var manifest = Pair("\"text\"", "\"test\"").Expect(["first"]).Manifest;
        Manifest.Read(manifest.ToBytes(), "again").ToBytes().ShouldBe(manifest.ToBytes());
        Should.Throw<DamagedFileException>(() => Manifest.Read("{"u8, "cut"));
        Should.Throw<DamagedFileException>(() => Manifest.Read((manifest with { Format = 99 }).ToBytes(), "newer"));
    }

    [Fact]
    public void An_empty_module_has_every_fault()
    {
        var pair = Pair("\"text\"", "\"test\"");
        var report = ModuleCheck.Run(RelocatableFile.Read(new CompiledPair("", "").Original, "empty"), pair.Expect(["first"]).Manifest);
        report.Verified.ShouldBeFalse();
        report.Faults.ShouldContain(f => f.Contains("klp_patch", StringComparison.Ordinal));
        report.Faults.ShouldContain(f => f.Contains("'first'", StringComparison.Ordinal));
    }
}
