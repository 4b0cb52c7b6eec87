using Shouldly;
using Suture.Build;
using Suture.Build.Compile;
using Suture.Build.Match;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
using Suture.Kernel;
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

    [Theory]
    [InlineData("cc1: out of memory allocating 65536 bytes after a total of 1 bytes", 1, true)]
    [InlineData("drivers/a.c:10:1: fatal error: error writing to /tmp/ccx.s: No space left on device\ncompilation terminated.", 1, true)]
    [InlineData("{standard input}: Assembler messages:\n{standard input}: Fatal error: can't write 4096 bytes to section .text of a.o: 'No space left on device'", 1, true)]
    [InlineData("gcc: fatal error: cannot execute 'cc1': vfork: Resource temporarily unavailable", 1, true)]
    [InlineData("virtual memory exhausted: Cannot allocate memory", 1, true)]
    [InlineData("gcc: fatal error: Killed signal terminated program cc1", 1, true)]
    [InlineData("objtool: elf_update: cannot write data to file", 255, true)]
    [InlineData("", 137, true)]
    [InlineData("", 135, true)]
    // The compiler's own fault, and what sources speak of.
    [InlineData("gcc: internal compiler error: Segmentation fault signal terminated program cc1", 4, false)]
    [InlineData("", 139, false)]
    [InlineData("a.c:3:2: error: #error out of memory\n    3 | #error out of memory\n      |  ^~~~~", 1, false)]
    [InlineData("a.c:3: Error: no such instruction: `out of memory'", 1, false)]
    [InlineData("a.c:3:2: warning: unused 'x'\n    3 | puts(\"No space left on device\");", 0, false)]
    public async Task A_tool_that_fails_for_the_machines_sake_gives_no_answer(string words, int exitCode, bool isOfTheMachine)
    {
        var directory = Path.GetTempPath();
        var run = () => ToolRun.Async(["sh", "-c", "printf '%s' \"$1\" >&2; exit $2", "sh", words, $"{exitCode}"], directory, directory, TestContext.Current.CancellationToken);
        if (!isOfTheMachine)
        {
            (await run()).ExitCode.ShouldBe(exitCode);
            return;
        }
        var thrown = await Should.ThrowAsync<IOException>(run);
        thrown.Message.ShouldStartWith("sh had no memory");
        ChangeBuilds.IsOfTheMachine(thrown).ShouldBeTrue();
    }

    [Theory]
    [InlineData(KernelFault.Tool, true)]
    [InlineData(KernelFault.DiskFull, true)]
    [InlineData(KernelFault.Broken, false)]
    [InlineData(KernelFault.Mismatch, false)]
    public void A_kernel_that_cannot_be_used_is_of_the_machine_for_want_of_room_or_programs(KernelFault fault, bool isOfTheMachine)
    {
        var thrown = new KernelException("what", "do", fault);
        ChangeBuilds.IsOfTheMachine(thrown).ShouldBe(isOfTheMachine);
        ChangeBuilds.IsOfTheMachine(new AggregateException(new InvalidOperationException(), thrown)).ShouldBe(isOfTheMachine);
    }

    [Fact]
    public async Task An_original_that_compiles_only_in_sections_says_nothing_of_what_runs()
    {
        _kernel.WriteBuilt("a.c", "int a = ;\n", later: null);
        var source = _kernel.Open().SourceTree;
        var unit = new CompileUnit("a.c", "a.o", "vmlinux", ["gcc", "-c", "-o", "a.o", "a.c"]);
        var work = Directory.CreateDirectory(Path.Combine(source, "work")).FullName;
        var thrown = await Should.ThrowAsync<KernelException>(() => PlainObject.CompileAsync(new SourceSite(source, work, [unit]), unit, work, TestContext.Current.CancellationToken));
        thrown.Message.ShouldContain("a.c");
        ChangeBuilds.IsOfTheMachine(thrown).ShouldBeTrue();
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
