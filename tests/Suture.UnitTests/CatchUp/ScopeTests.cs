using Shouldly;
using Suture.CatchUp;
using Suture.CatchUp.Difference;
using Suture.Module;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>What a note says that fixes are counted of. A note that cannot be read makes hours of judging worthless.</summary>
public sealed class ScopeTests
{
    private static string Of(string to, params string[] only) =>
        new CatchUpRequest { Kernel = null!, Difference = new SourceDifference(to, [], null, [], 0), Only = only, Name = "n" }.Scope;

    [Theory]
    [InlineData("6.1.192-2", "6.1.192-2")]
    [InlineData("6.1.192-2", "6.1.192-2 in fs/, net/", "fs/", "net/")]
    [InlineData("a\tb\u202ec", "a?b?c")]
    [InlineData("", "?")]
    public void It_is_what_was_given_as_a_terminal_may_show_it(string to, string scope, params string[] only) => Of(to, only).ShouldBe(scope);

    [Theory]
    [InlineData("a", 128)]
    [InlineData("a", 129)]
    [InlineData("a", 130)]
    [InlineData("a", 5000)]
    [InlineData("\U0001F9F5", 64)]
    [InlineData("\U0001F9F5", 65)]
    [InlineData("\U0001F9F5", 500)]
    public void However_long_it_is_a_note_can_hold_it(string letter, int times)
    {
        var to = $"v1{string.Concat(Enumerable.Repeat(letter, times))}2v";
        foreach (var scope in (string[])[Of(to), Of(to, "fs/"), Of("6.1", string.Concat(Enumerable.Repeat(letter, times)))])
        {
            NoteRules.IsPrintable(scope, NoteRules.MaxEffective).ShouldBeTrue(scope);
            scope.EnumerateRunes().ShouldNotContain(r => r.Value == 0xfffd);
        }
        Of(to).ShouldStartWith("v1");
        Of(to).ShouldEndWith("2v");
    }
}
