using Shouldly;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
using Xunit;

namespace Suture.UnitTests.CatchUp;

public sealed class SuspectsTests
{
    private static readonly DiffHunk First = new(10, [" a", "+b", "+c", " d"]);
    private static readonly DiffHunk Second = new(30, [" a", "-b", "+c", " d"]);

    private static readonly Change[] Parts =
    [
        new("a.c#one", "", [], ["a.c"], []) { Hunks = [First], Items = [new SourceItem(8, "one", true, false)] },
        new("a.c#two", "", [], ["a.c"], []) { Hunks = [Second], Items = [new SourceItem(28, "two", true, false)] },
    ];

    private static Finding Of(string code, string message, string? symbol = null, int line = 0) =>
        new(code, Severity.Error, "a.c", line, symbol, message, "");

    [Theory]
    // Two lines came in above: what was line 30 is line 32.
    [InlineData("'x' undeclared (a.c:33)", null, "a.c#two")]
    [InlineData("'x' undeclared (a.c:12)", null, "a.c#one")]
    [InlineData("'x' undeclared (a.c:20)", null, null)]
    [InlineData("'x' undeclared (b.h:12)", null, null)]
    [InlineData("it takes a lock", "two.cold", "a.c#two")]
    [InlineData("it takes a lock", "three", null)]
    public void A_finding_is_laid_to_the_part_that_it_speaks_of(string message, string? symbol, string? id) =>
        (Suspects.Of([Of("SUT0402", message, symbol)], Parts)?.Single().Id).ShouldBe(id);

    [Fact]
    public void One_that_cannot_be_laid_to_any_leaves_all_suspect() =>
        Suspects.Of([Of("SUT0402", "'x' undeclared (a.c:12)"), Of("SUT0402", "'x' undeclared (a.c:21)")], Parts).ShouldBeNull();

    [Fact]
    public void Nothing_said_is_nobody_to_blame() => Suspects.Of([], Parts).ShouldBeNull();
}
