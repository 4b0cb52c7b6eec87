using Shouldly;
using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.CatchUp.Merging;
using Suture.Diff.Findings;
using Suture.Kernel;
using Suture.Module;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>What is left out of one livepatch of all.</summary>
public sealed class MergeTests
{
    private int _builds;

    private static Finding Of(string code, Severity severity, string? symbol) => new(code, severity, null, 0, symbol, "words", "");

    private static UnitVerdict Unit(string id, params string[] on) =>
        new() { Id = id, Title = id, Changes = [.. on, id], Files = [id], State = UnitState.Carried, Functions = [$"mod:{id}_does"] };

    private async Task<(string States, BuildResult? Result)> RunAsync(UnitVerdict[] units, Func<List<string>, (BuildStatus, Finding[])> build, AcceptFile? accepted = null)
    {
        var changes = units.ToDictionary(u => u.Id, u => new Change(u.Id, u.Id, [], [u.Id], []));
        var (merged, result) = await new Merge(changes, DataLinks.None, accepted ?? AcceptFile.Empty, carried =>
        {
            _builds++;
            var (status, findings) = build([.. carried.Select(c => c.Id)]);
            return Task.FromResult(new BuildResult(status, "m", null, [], findings, new BuildTimings(0, 0, 0, 0, 0, 0)));
        }).RunAsync(units);
        return (string.Join(' ', merged.Select(u => $"{u.Id}:{u.State}")), result);
    }

    private static (BuildStatus, Finding[]) Doubt(List<string> ids) => (BuildStatus.Built, ids.Contains("a") ? [Of("SUT0801", Severity.Warning, "a_does.cold")] : []);

    [Fact]
    public async Task A_doubt_that_only_all_together_raise_leaves_out_whose_function_it_is_and_what_needs_that()
    {
        var (states, result) = await RunAsync([Unit("a"), Unit("b", "a"), Unit("c")], Doubt);
        states.ShouldBe("a:LeftOut b:WaitsFor c:Carried");
        result.ShouldNotBeNull();
        _builds.ShouldBe(2);
    }

    [Fact]
    public async Task A_doubt_that_was_accepted_is_none()
    {
        var known = Unit("a") with { Findings = [Of("SUT0801", Severity.Warning, "a_does.cold")] };
        (await RunAsync([known, Unit("c")], Doubt)).States.ShouldBe("a:Carried c:Carried");
        (await RunAsync([known with { Findings = [Of("SUT0801", Severity.Note, "a_does.cold")] }, Unit("c")], Doubt)).States.ShouldBe("a:LeftOut c:Carried");
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "a SUT0801 looked at\n");
        (await RunAsync([Unit("a"), Unit("c")], Doubt, AcceptFile.Read(path))).States.ShouldBe("a:Carried c:Carried");
        File.Delete(path);
    }

    [Fact]
    public async Task What_was_noted_of_a_commit_alone_is_no_new_doubt_beside_others()
    {
        var noted = Unit("a") with { Findings = [Of("SUT0803", Severity.Note, "a_does")] };
        (BuildStatus, Finding[]) Doubted(List<string> ids) => (BuildStatus.Built, ids.Count > 1 ? [Of("SUT0803", Severity.Warning, "a_does")] : []);
        (await RunAsync([noted, Unit("c")], Doubted)).States.ShouldBe("a:Carried c:Carried");
        (await RunAsync([Unit("a"), Unit("c")], Doubted)).States.ShouldBe("a:LeftOut c:Carried");
    }

    [Fact]
    public async Task Where_nothing_is_named_halves_find_what_does_not_go_together()
    {
        var (states, result) = await RunAsync([Unit("a"), Unit("b"), Unit("c"), Unit("d", "c")], ids => (ids.Contains("a") && ids.Contains("c") ? BuildStatus.Refused : BuildStatus.Built, []));
        states.ShouldBe("a:Carried b:Carried c:LeftOut d:WaitsFor");
        result!.Status.ShouldBe(BuildStatus.Built);
    }

    [Fact]
    public async Task What_the_engine_cannot_deal_with_is_found_by_halves()
    {
        var (states, result) = await RunAsync([Unit("a"), Unit("b"), Unit("c")],
            ids => ids.Contains("b") && ids.Count > 1 ? throw new ModuleFileException(ModuleFault.Damaged, "its note is none", "") : (BuildStatus.Built, []));
        states.ShouldBe("a:Carried b:LeftOut c:Carried");
        result!.Status.ShouldBe(BuildStatus.Built);
        await Should.ThrowAsync<OperationCanceledException>(() => RunAsync([Unit("a")], _ => throw new OperationCanceledException()));
    }

    [Fact]
    public async Task What_the_machine_has_no_room_for_ends_it_and_leaves_nothing_out()
    {
        foreach (var fault in (Exception[])[new IOException("gcc failed"), new OutOfMemoryException("gcc failed"), new KernelException("gcc failed", "", KernelFault.DiskFull)])
        {
            _builds = 0;
            var thrown = await Should.ThrowAsync<IOException>(() => RunAsync([Unit("a"), Unit("b")], _ => throw fault));
            thrown.Message.ShouldBe("the livepatch of all 2 units was not built: gcc failed; repeat the command, what was judged is kept");
            _builds.ShouldBe(1);
        }
        (await Should.ThrowAsync<IOException>(() => RunAsync([Unit("a"), Unit("b")], _ => (BuildStatus.DoesNotCompile, [])))).Message.ShouldContain("without a word");
    }

    [Fact]
    public async Task It_ends_however_bad_it_is()
    {
        var (states, result) = await RunAsync([.. Enumerable.Range(0, 100).Select(i => Unit($"u{i}"))], ids => (BuildStatus.Refused, [Of("SUT0206", Severity.Error, $"{ids[0]}_does")]));
        states.ShouldNotContain("Carried");
        result.ShouldBeNull();
        _builds.ShouldBe(40);
    }
}
