using Shouldly;
using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.CatchUp.Reporting;
using Suture.Diff.Findings;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.CatchUp;

public sealed class UnitRulesTests
{
    private static readonly Change Fix = new("fs/a.c", "fs/a.c", [], ["fs/a.c"], []);

    [Theory]
    [InlineData(BuildStatus.Built, "SUT0801", Severity.Warning, UnitState.Refused)]
    // What is left out may be what makes ready what the rest uses.
    [InlineData(BuildStatus.Built, "SUT0201", Severity.Warning, UnitState.Refused)]
    [InlineData(BuildStatus.Built, "SUT0205", Severity.Warning, UnitState.Refused)]
    [InlineData(BuildStatus.Built, "SUT0403", Severity.Warning, UnitState.Carried)]
    [InlineData(BuildStatus.Built, "SUT0803", Severity.Note, UnitState.Carried)]
    [InlineData(BuildStatus.Built, "SUT0404", Severity.Note, UnitState.Carried)]
    [InlineData(BuildStatus.Refused, "SUT0201", Severity.Error, UnitState.BootOnly)]
    [InlineData(BuildStatus.Refused, "SUT0501", Severity.Error, UnitState.Refused)]
    [InlineData(BuildStatus.NothingChanged, "SUT0101", Severity.Note, UnitState.NotBuilt)]
    public void A_build_decides(BuildStatus status, string code, Severity severity, UnitState state) =>
        Judge(status, AcceptFile.Empty, (code, severity)).State.ShouldBe(state);

    [Fact]
    public void What_is_boot_only_and_more_is_refused()
    {
        var verdict = Judge(BuildStatus.Refused, AcceptFile.Empty, ("SUT0201", Severity.Error), ("SUT0203", Severity.Error));
        verdict.State.ShouldBe(UnitState.Refused);
        verdict.Code.ShouldBe("SUT0203");
    }

    [Fact]
    public void The_operator_takes_responsibility_with_a_reason()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "# mine\nfs/* SUT0801 lock order looked at\n");
        var verdict = Judge(BuildStatus.Built, AcceptFile.Read(path), ("SUT0801", Severity.Warning));
        verdict.State.ShouldBe(UnitState.Carried);
        verdict.Accepted.ShouldBe("lock order looked at");
        Judge(BuildStatus.Built, AcceptFile.Read(path), ("SUT0801", Severity.Warning), ("SUT0804", Severity.Warning)).State.ShouldBe(UnitState.Refused);
        Judge(BuildStatus.Built, AcceptFile.Read(path), ("SUT0801", Severity.Note)).Accepted.ShouldBeNull();
        File.WriteAllText(path, "fs/a.c SUT0801\n");
        Should.Throw<KernelException>(() => AcceptFile.Read(path)).Message.ShouldContain(":1:");
        File.Delete(path);
    }

    [Fact]
    public void An_acceptance_of_what_was_looked_at_is_none_of_what_became_of_it()
    {
        var path = Path.GetTempFileName();
        var seen = Fix with { Patch = "@@ -1 +1 @@ f\n-a();\n+b();\n"u8.ToArray() };
        var refused = Judge(BuildStatus.Built, AcceptFile.Empty, seen, ("SUT0801", Severity.Warning));
        File.WriteAllText(path, refused.AcceptAs.Single() + " looked at\n");
        Judge(BuildStatus.Built, AcceptFile.Read(path), seen, ("SUT0801", Severity.Warning)).Accepted.ShouldBe("looked at");
        Judge(BuildStatus.Built, AcceptFile.Read(path), seen with { Patch = "@@ -7 +7 @@ f\n-a();\n+b();\n"u8.ToArray() }, ("SUT0801", Severity.Warning)).State.ShouldBe(UnitState.Carried, "it only moved");
        var other = AcceptFile.Read(path);
        Judge(BuildStatus.Built, other, seen with { Patch = "@@ -1 +1 @@ f\n-a();\n+c();\n"u8.ToArray() }, ("SUT0801", Severity.Warning)).State.ShouldBe(UnitState.Refused);
        other.Unused.Single().ShouldStartWith("fs/a.c SUT0801:");
        File.Delete(path);
    }

    [Fact]
    public void Between_trees_dropped_references_ask_for_a_human()
    {
        var outcome = new BuildOutcome(["fs/a.c"], BuildStatus.Built, [new Finding("SUT0803", Severity.Note, null, 0, "f", "words", "do")], []);
        var part = Fix with { Hunks = [] };
        UnitRules.Judge(part, outcome, new Dictionary<string, Change> { ["fs/a.c"] = part }, AcceptFile.Empty).State.ShouldBe(UnitState.Refused);
    }

    [Fact]
    public void A_unit_has_the_cves_of_its_own_change()
    {
        var changes = new[] { Fix with { Cves = ["CVE-2026-10001"] }, Fix with { Id = "earlier", Cves = ["CVE-2026-10002"] } }.ToDictionary(c => c.Id);
        UnitRules.Judge(changes["fs/a.c"], new BuildOutcome(["earlier", "fs/a.c"], BuildStatus.Built, [], []), changes, AcceptFile.Empty).Cves.ShouldBe(["CVE-2026-10001"]);
    }

    [Fact]
    public void Lines_that_accept_nothing_are_told()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "fs/* SUT0801 lock order looked at\nfs/b.c SUT0801 gone\nfs/a.c SUT0803 no more\n");
        var accepted = AcceptFile.Read(path);
        File.Delete(path);
        Judge(BuildStatus.Built, accepted, ("SUT0801", Severity.Warning));
        accepted.Unused.ShouldBe(["fs/b.c SUT0801", "fs/a.c SUT0803"]);
    }

    [Fact]
    public void Words_of_a_commit_do_nothing_in_a_browser()
    {
        var unit = CatchUpReport.From(Judge(BuildStatus.Built, AcceptFile.Empty) with { Title = "<script>alert(1)</script>" });
        var report = new CatchUpReport(new("6.1.0", "ab", null), "6.1.1", null, "6.1.0 + 1 of 1", new(1, 0, 0, 0, 0, 0), 0, [unit], new([], [], []), 1);
        System.Text.Encoding.UTF8.GetString(HtmlPage.Of(report)).ShouldNotContain("<script>alert");
    }

    private static UnitVerdict Judge(BuildStatus status, AcceptFile accepted, params (string Code, Severity Severity)[] findings) => Judge(status, accepted, Fix, findings);

    private static UnitVerdict Judge(BuildStatus status, AcceptFile accepted, Change change, params (string Code, Severity Severity)[] findings) =>
        UnitRules.Judge(change, new BuildOutcome(["fs/a.c"], status, [.. findings.Select(f => new Finding(f.Code, f.Severity, null, 0, null, "words", "do"))], []),
            new Dictionary<string, Change> { ["fs/a.c"] = Fix }, accepted);
}
