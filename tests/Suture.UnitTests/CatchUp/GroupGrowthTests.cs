using System.Text;
using Shouldly;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>What a group that does not compile lacks, by what the compiler says.</summary>
public sealed class GroupGrowthTests
{
    private static Change Part(string id, string patch, params string[] changes) => new(id, id, Encoding.Latin1.GetBytes(patch), [id.Split('#')[0]], [])
    {
        Hunks = [],
        Items = [.. changes.Select(c => new SourceItem(0, c, true, false))],
    };

    private static readonly Dictionary<string, Change> Changes = new[]
    {
        Part("a.c#first", "-\tgive(t);\n+\tgive(t, 1);\n+\tret = count(t);\n+\tif (ret)\n"),
        Part("a.c#second", " \tgive(\n-\tt);\n+\tt, 2);\n"),
        Part("a.c#third", "+\tother(t);\n"),
        // The name stands on a line that stays.
        Part("a.h#give", " void give(struct thing *t,\n-\t  int, int);\n+\t  int);\n", "give"),
        Part("a.h#count", "-void count(struct thing *t);\n+int count(struct thing *t);\n", "count"),
        Part("late.h", "+int late(void);\n", "late"),
        Part("b.c#with", "+#include \"late.h\"\n+\tlate();\n"),
    }.ToDictionary(c => c.Id);

    private static List<string> Missing(string message, params string[] group) =>
        new GroupGrowth(_ => false, (file, header) => file == "a.c" && header == "a.h", Changes)
            .Missing([new Finding("SUT0402", Severity.Error, group[0].Split('#')[0], 1, null, message, "")], [.. group]);

    [Theory]
    [InlineData("too few arguments to function 'give' (a.c:7)", "a.c#first", "a.h#give")]
    [InlineData("conflicting types for 'give'; have 'void (*)(int late)' (a.c:7)", "a.c#first", "a.h#give")]
    [InlineData("void value not ignored as it ought to be (a.c:8)", "a.c#first", "a.h#count")]
    [InlineData("implicit declaration of function 'late' (b.c:2)", "b.c#with", "late.h")]
    public void A_header_brings_the_declaration(string message, string change, string brought) => Missing(message, change).ShouldBe([brought]);

    [Fact]
    public void When_all_else_is_there_it_is_another_caller_in_the_same_file() =>
        Missing("too few arguments to function 'give' (a.c:70)", "a.c#first", "a.h#give").ShouldBe(["a.c#second"]);

    [Fact]
    public void What_nothing_brings_is_not_guessed() => Missing("'nobody' undeclared (a.c:3)", "a.c#first").ShouldBeEmpty();
}
