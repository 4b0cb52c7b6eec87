using System.Text;
using Shouldly;
using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.CatchUp.Reporting;
using Suture.Diff.Findings;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Commits that the kernel which runs has already.</summary>
public sealed class AlreadyThereTests : IDisposable
{
    private readonly FakeKernel _kernel = new();

    public void Dispose() => _kernel.Dispose();

    [Fact]
    public async Task A_commit_that_is_there_is_a_state_of_its_own_and_no_other_is_built_on_it()
    {
        // "back" takes back "first", and alone looks as if it were there; "there" is so, whatever else applies.
        var outcomes = new Dictionary<string, BuildOutcome>
        {
            ["first"] = Of(BuildStatus.Built),
            ["back"] = There(),
            ["first back"] = Of(BuildStatus.NothingChanged),
            ["there"] = There(),
            ["first back there"] = Of(BuildStatus.DoesNotApply),
            ["last"] = Of(BuildStatus.DoesNotApply),
            ["first back last"] = Of(BuildStatus.Built),
        };
        var judged = await JudgeAsync(outcomes, "first", "back", "there", "last");
        judged.Select(u => (u.Id, u.State, string.Join(' ', u.Changes))).ShouldBe(
        [
            ("first", UnitState.Carried, "first"), ("back", UnitState.NotBuilt, "first back"), ("there", UnitState.AlreadyThere, "there"), ("last", UnitState.Carried, "first back last"),
        ]);
        judged[2].ConcernsBuiltCode.ShouldBeFalse();
        judged[2].Findings.ShouldBeEmpty();
        judged[2].Reason.ShouldBe("the kernel that runs has it");
    }

    [Fact]
    public void It_is_counted_neither_for_nor_against()
    {
        UnitVerdict Unit(string id, UnitState state) => new() { Id = id, Title = id, Changes = [id], Files = [id], State = state };
        UnitVerdict[] units = [Unit("a", UnitState.AlreadyThere), Unit("b", UnitState.Carried)];
        var report = new CatchUpReport(new("6.1.0", "ab", null), "6.1.1", null, "6.1.0 + 1 of 1", CatchUpReport.Count(units), 0, [.. units.Select(CatchUpReport.From)], new([], [], []), 1);
        (report.Totals.AlreadyThere, report.Totals.Concerning, report.Totals.CarriedPercent).ShouldBe((1, 1, 100));
        var json = Encoding.UTF8.GetString(report.ToJson());
        json.ShouldContain("\"alreadyThere\": 1");
        json.ShouldContain("\"state\": \"already-there\"");
        Encoding.UTF8.GetString(HtmlPage.Of(report)).ShouldContain("1 it has already");
    }

    private static BuildOutcome Of(BuildStatus status) => new([], status, [], []);

    private static BuildOutcome There() => new([], BuildStatus.DoesNotApply, [new Finding("SUT0401", Severity.Error, null, 0, null, "it is already applied", "")], []) { IsAlreadyThere = true };

    /// <summary>Judges commits of one file, by what is known of their builds.</summary>
    private async Task<List<UnitVerdict>> JudgeAsync(Dictionary<string, BuildOutcome> outcomes, params string[] ids)
    {
        var kernel = _kernel.Open();
        var changes = new OrderedDictionary<string, Change>();
        foreach (var id in ids)
        {
            changes.Add(id, new Change(id, id, Encoding.ASCII.GetBytes(id), ["a.c"], []));
        }
        using var builds = new ChangeBuilds(kernel, changes);
        var known = new OutcomeStore(kernel);
        foreach (var (key, outcome) in outcomes)
        {
            known.Keep(known.KeyOf(builds.Patches(key.Split(' '))), outcome);
        }
        var judged = await new CommitJudge(builds, changes, null).RunAsync([.. changes.Values], TestContext.Current.CancellationToken);
        return [.. judged.Select(j => UnitRules.Judge(j.Change, j.Outcome, changes, AcceptFile.Empty))];
    }
}
