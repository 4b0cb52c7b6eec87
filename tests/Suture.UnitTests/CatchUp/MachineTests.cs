using Shouldly;
using Suture.Build;
using Suture.Build.Compile;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>What a machine without room or memory makes of builds is not what the source makes of them.</summary>
public sealed class MachineTests : IDisposable
{
    private readonly FakeKernel _kernel = new();

    public void Dispose() => _kernel.Dispose();

    [Theory]
    [InlineData(BuildStatus.Refused, "it took too long", null, 0, false)]
    [InlineData(BuildStatus.Refused, null, "a type changes", 0, false)]
    [InlineData(BuildStatus.DoesNotCompile, null, "'x' undeclared (a.c:3)", 3, false)]
    [InlineData(BuildStatus.DoesNotCompile, null, "error writing to /tmp/x.s: No space left on device", 3, true)]
    [InlineData(BuildStatus.DoesNotCompile, null, "out of memory allocating 65536 bytes", 3, true)]
    [InlineData(BuildStatus.DoesNotCompile, null, "gcc: fatal error: cannot execute 'cc1': vfork: Resource temporarily unavailable", 3, true)]
    [InlineData(BuildStatus.DoesNotCompile, null, BuildFindings.NoMessage + "compilation terminated.", 0, true)]
    // Where the lines of the patch were not asked for.
    [InlineData(BuildStatus.DoesNotCompile, null, "'x' undeclared (a.c:3)", 0, false)]
    [InlineData(BuildStatus.DoesNotCompile, null, null, 0, true)]
    public void What_may_be_of_the_machine_is_tried_again(BuildStatus status, string? fault, string? error, int line, bool isTriedAgain)
    {
        // What another unit did not compile for is told by its line, and says nothing of the one whose compiler died.
        Finding[] findings = error is null ? [] : [Of("'y' undeclared", 4), Of(error, line)];
        var outcome = new BuildOutcome([], status, findings, [], fault);
        outcome.MayBeOfTheMachine.ShouldBe(isTriedAgain);
        (outcome.Lacking is not null).ShouldBe(status == BuildStatus.DoesNotCompile && !isTriedAgain);
    }

    [Fact]
    public async Task What_failed_beside_others_is_built_once_more_alone()
    {
        using var builds = new ChangeBuilds(_kernel.Open(), new Dictionary<string, Change>());
        var (runs, atOnce) = (new int[8], 0);
        var outcomes = await builds.EachAsync([.. Enumerable.Range(0, runs.Length)], "judging", async i =>
        {
            var isAlone = (++runs[i] == 2) & (Interlocked.Increment(ref atOnce) == 1);
            await Task.Yield();
            Interlocked.Decrement(ref atOnce);
            return new BuildOutcome([$"{i}"], isAlone ? BuildStatus.Built : BuildStatus.Refused, [], [], isAlone || i % 2 == 0 ? null : "no room") { IsTriedAgain = !isAlone && i % 2 != 0 };
        }, null, TestContext.Current.CancellationToken);
        outcomes.Select(o => o.Status).ShouldBe(Enumerable.Range(0, runs.Length).Select(i => i % 2 == 0 ? BuildStatus.Refused : BuildStatus.Built));
    }

    [Fact]
    public async Task Programs_wait_for_a_place_and_give_it_back()
    {
        var directory = Directory.CreateTempSubdirectory("suture-places").FullName;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var runs = Enumerable.Range(0, ToolRun.MostAtOnce + 3).Select(i => ToolRun.Async(["sh", "-c", $"touch {i}; sleep 60"], directory, directory, stop.Token)).ToList();
        for (var wait = 0; wait < 200 && Directory.GetFiles(directory).Length < ToolRun.MostAtOnce; wait++)
        {
            await Task.Delay(20, stop.Token);
        }
        await Task.Delay(200, stop.Token);
        Directory.GetFiles(directory).Length.ShouldBeInRange(1, ToolRun.MostAtOnce);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Task.WhenAll(runs));
        var after = Enumerable.Range(0, ToolRun.MostAtOnce + 3).Select(_ => ToolRun.Async(["true"], directory, directory, TestContext.Current.CancellationToken));
        (await Task.WhenAll(after)).ShouldAllBe(r => r.ExitCode == 0);
        Directory.Delete(directory, recursive: true);
    }

    private static Finding Of(string message, int line) => new("SUT0402", Severity.Error, "a.c", line, null, message, "");
}
