using Shouldly;
using Suture.Build;
using Suture.Build.Trees;
using Suture.CatchUp;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Parts of files that are built apart from each other.</summary>
public sealed class PartsTests
{
    private static readonly Change File = new("a.c", "a.c", [], ["a.c"], []) { Hunks = [] };

    private static readonly Dictionary<string, Change> Changes = new[] { Part("a.c#one", "one"), Part("a.c#two", "two"), Part("b.c", "one"), Part("a.h", "inner") }.ToDictionary(c => c.Id);

    private static Change Part(string id, string item) => new(id, id, [], [id.Split('#')[0]], []) { Hunks = [], Items = [new SourceItem(0, item, true, false)] };

    private static Finding Of(string code, Severity severity, string symbol) => new(code, severity, "a.c", 0, symbol, "words", "");

    [Theory]
    [InlineData("SUT0801", Severity.Warning, "one", "a.c#one", true)]
    [InlineData("SUT0803", Severity.Note, "one", "a.c#one", true)]
    [InlineData("SUT0801", Severity.Warning, "one", "a.c#two", false)]
    [InlineData("SUT0801", Severity.Warning, "one", "b.c", false)]
    [InlineData("SUT0801", Severity.Note, "one", "a.c#one", false)]
    // Local to the function: its own build says it again.
    [InlineData("SUT0804", Severity.Warning, "one", "a.c#one", false)]
    // A function that changes because of what is inlined into it.
    [InlineData("SUT0801", Severity.Warning, "outer.cold", "a.c#two", true)]
    public void What_a_whole_file_raised_about_locks_and_references_stays(string code, Severity severity, string symbol, string part, bool stays)
    {
        var laid = new LaidDoubts();
        laid.Add(File, new BuildOutcome(["a.c#one", "a.c#two"], BuildStatus.Built, [Of(code, severity, symbol)], []));
        var outcome = laid.AddTo(new BuildOutcome([part], BuildStatus.Built, [], part == "a.c#two" ? ["mod:outer"] : []), Changes);
        outcome.Findings.Count.ShouldBe(stays ? 1 : 0);
        UnitRules.Judge(Changes[part], outcome, Changes, AcceptFile.Empty).State.ShouldBe(stays ? UnitState.Refused : UnitState.Carried);
    }

    [Fact]
    public void What_it_says_itself_is_said_once()
    {
        var laid = new LaidDoubts();
        laid.Add(File, new BuildOutcome(["a.c#one"], BuildStatus.Built, [Of("SUT0801", Severity.Warning, "one")], []));
        laid.AddTo(new BuildOutcome(["a.c#one"], BuildStatus.Built, [Of("SUT0801", Severity.Warning, "one")], []), Changes).Findings.Count.ShouldBe(1);
        // A note says less.
        laid.AddTo(new BuildOutcome(["a.c#one"], BuildStatus.Built, [Of("SUT0801", Severity.Note, "one")], []), Changes).Findings.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(true, "a.c#two b.c")]
    [InlineData(false, "a.c#two b.c a.h")]
    public void What_a_build_took_in_is_decided_about_when_it_is_good(bool isGood, string left)
    {
        var outcome = new BuildOutcome(["a.c#one", "a.h"], BuildStatus.Built, [], []);
        string.Join(' ', PartJudge.Left(Changes.Values, [(Changes["a.c#one"], outcome)], _ => isGood).Select(c => c.Id)).ShouldBe(left);
    }

    [Theory]
    [InlineData("arch/x86/entry/entry_64.S", true)]
    [InlineData("arch/x86/entry/entry_32.S", false)]
    [InlineData("arch/arm64/kernel/entry.S", false)]
    public void Assembly_beside_what_is_built_may_be_built(string path, bool may) =>
        IncludeGraph.MayBeBuilt(path, new HashSet<string> { "arch/x86/entry" }).ShouldBe(may);

    [Theory]
    [InlineData("6.1.192-2")]
    [InlineData("6.1.192-2 in fs/, net/ipv4/", "fs/", "net/ipv4/")]
    [InlineData("6.1.192-2 in part", "drivers/net/ethernet/an/unusually/long/path/", "drivers/net/ethernet/another/unusually/long/path/", "drivers/net/ethernet/third/")]
    public void Fixes_are_counted_of_what_was_looked_at(string scope, params string[] only) =>
        new CatchUpRequest { Kernel = null!, Name = "n", Difference = new SourceDifference("6.1.192-2", [], null, [], 0), Only = only }.Scope.ShouldBe(scope);
}
