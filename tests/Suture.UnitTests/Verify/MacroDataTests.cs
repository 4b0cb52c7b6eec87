using Shouldly;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>What macros and switches make inside a function: state may be anybody's, a constant must hold what the code was compiled with.</summary>
public sealed class MacroDataTests
{
    private const string Source = """
        void sink(const void *);
        static const char text[] asm("__msg.5") = "old";
        static int said asm("__already_done.6") __attribute__((section(".data.once"))) = 0;
        int f(int a) { if (!said) { said = 1; sink(text); } return a + 1; }
        """;

    private static ExpectedReference To(ExpectationResult result, string name) => result.Manifest.Pieces.First(p => p.Name == "f").References
        .First(r => (r.Own is { } own && result.Manifest.Pieces[own].Name == name) || (r.Running is { } running && result.Manifest.Running[running].Names.Contains(name)));

    private static ExpectationResult Expect(string old, string with) =>
        new CompiledPair(Source, Source.Replace(old, with, StringComparison.Ordinal)).Expect(["f"], "__msg.5", "__already_done.6");

    [Fact]
    public void State_may_be_either()
    {
        var said = To(Expect("a + 1", "a + 2"), "__already_done.6");
        said.Own.ShouldNotBeNull();
        said.Running.ShouldNotBeNull();
    }

    [Fact]
    public void A_constant_that_stayed_may_be_either()
    {
        var text = To(Expect("a + 1", "a + 2"), "__msg.5");
        text.Own.ShouldNotBeNull();
        text.Running.ShouldNotBeNull();
    }

    [Fact]
    public void A_constant_that_changed_is_the_modules_own()
    {
        var text = To(Expect("\"old\"", "\"new\""), "__msg.5");
        text.Own.ShouldNotBeNull();
        text.Running.ShouldBeNull();
    }

    private const string Table = """
        static const char *const rows[] asm("CSWTCH.3") = { "one", "two" };
        const char *f(int a) { return rows[a & 1]; }
        """;

    [Fact]
    public void A_table_whose_texts_changed_has_changed()
    {
        var pair = new CompiledPair(Table, Table.Replace("\"two\"", "\"TWO\"", StringComparison.Ordinal));
        pair.Expect([]).Omissions.ShouldHaveSingleItem().ShouldContain("'f'");
        To(pair.Expect(["f"], "CSWTCH.3"), "CSWTCH.3").Running.ShouldBeNull();
    }

    [Fact]
    public void Of_several_tables_only_those_with_the_same_rows_will_do()
    {
        const string Two = """
            static const int a[] asm("CSWTCH.1") = { 1, 2, 3, 4 };
            static const int b[] asm("CSWTCH.2") = { 5, 6, 7, 8 };
            int g(int i) { return a[i & 3]; }
            int f(int i) { return b[i & 3]; }
            """;
        var result = new CompiledPair(Two, Two.Replace("int f(int i) { return b", "int f(int i) { return 1 + b", StringComparison.Ordinal)).Expect(["f"]);
        result.Omissions.ShouldBeEmpty();
        result.Manifest.Running[To(result, "CSWTCH.2").Running!.Value].Names.ShouldBe(["CSWTCH.2"]);
    }

    [Fact]
    public void A_rate_limit_with_other_numbers_is_not_the_running_one()
    {
        const string Limit = """
            int limit(int *);
            static int _rs = 5;
            int f(void) { return limit(&_rs); }
            """;
        var pair = new CompiledPair(Limit, Limit.Replace("= 5", "= 6", StringComparison.Ordinal));
        To(pair.Expect(["f"], "_rs"), "_rs").Running.ShouldBeNull();
    }
}
