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
    [InlineData(BuildStatus.Built, "SUT0205", Severity.Warning, UnitState.Carried)]
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
        File.WriteAllText(path, "fs/a.c SUT0801\n");
        Should.Throw<KernelException>(() => AcceptFile.Read(path)).Message.ShouldContain(":1:");
        File.Delete(path);
    }

    [Fact]
    public void A_cve_goes_to_the_one_unit_that_the_words_name()
    {
        UnitVerdict Unit(string id, params string[] functions) =>
            new() { Id = id, Title = id, Changes = [id], Files = [id], State = UnitState.Carried, Functions = functions };
        LogEntry[] log =
        [
            new("cifs: fix coalesce_t2()", ["CVE-2026-10001"], "1"), new("both_do: fix", ["CVE-2026-10002"], "1"), new("ext4: fix open", ["CVE-2026-10003"], "1"),
        ];
        var (units, unattributed) = LogAttribution.Run([Unit("a", "cifs:coalesce_t2", "both_do"), Unit("b", "both_do", "open")], log);
        units[0].Cves.ShouldBe(["CVE-2026-10001"]);
        units[1].Cves.ShouldBeEmpty();
        unattributed.ShouldBe(["CVE-2026-10002", "CVE-2026-10003"]);
    }

    [Fact]
    public void Words_of_a_commit_do_nothing_in_a_browser()
    {
        var unit = CatchUpReport.From(Judge(BuildStatus.Built, AcceptFile.Empty) with { Title = "<script>alert(1)</script>" });
        var report = new CatchUpReport(new("6.1.0", "ab", null), "6.1.1", null, "6.1.0 + 1 of 1", new(1, 0, 0, 0, 0, 0), 0, [unit], new([], [], []), 1);
        System.Text.Encoding.UTF8.GetString(HtmlPage.Of(report)).ShouldNotContain("<script>alert");
    }

    private static UnitVerdict Judge(BuildStatus status, AcceptFile accepted, params (string Code, Severity Severity)[] findings) =>
        UnitRules.Judge(Fix, new BuildOutcome(["fs/a.c"], status, [.. findings.Select(f => new Finding(f.Code, f.Severity, null, 0, null, "words", "do"))], []),
            new Dictionary<string, Change> { ["fs/a.c"] = Fix }, accepted);
}
