using System.Diagnostics;
using Shouldly;
using Suture.Host;
using Suture.Host.Agent;
using Suture.Host.Operations;
using Suture.Host.State;
using Xunit;

namespace Suture.UnitTests.Host;

/// <summary>What a damaged state, a broken disk, a stuck kernel and other commands at the same time must not lead to.</summary>
public sealed class HostDamageTests
{
    private static readonly Settings Brief = new() { TransitionTimeout = TimeSpan.FromSeconds(20), Watch = TimeSpan.FromMilliseconds(300), BootWatch = TimeSpan.Zero, HealthTimeout = TimeSpan.FromSeconds(10) };

    [Fact]
    public async Task A_damaged_state_makes_no_crash_of_a_good_boot()
    {
        using var host = new TestHost { Settings = Brief };
        await host.ApplyAsync(host.Module("one"));
        File.WriteAllText(host.Paths.StateFile, "garbage");

        host.Kernel.Boot();
        await host.BootAsync();

        host.ConditionOf("one").ShouldBe(PatchCondition.Applied);
        host.Kernel.Applied.ShouldBe(["suture_one"]);
    }

    [Fact]
    public async Task A_damaged_state_brings_nothing_back_that_was_reverted()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        host.Revert("one").Result.ShouldBe(HostResult.Done);
        File.WriteAllText(host.Paths.StateFile, "garbage");

        host.Kernel.Boot();
        await host.BootAsync();

        host.ConditionOf("one").ShouldBe(PatchCondition.Reverted);
        host.Kernel.LoadedModules.ShouldBeEmpty();
    }

    [Fact]
    public async Task No_room_for_the_copy_of_the_state_is_no_reason_to_fail_and_leaves_no_older_one()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        Directory.CreateDirectory(host.Paths.StateFile + "~.tmp");

        host.Revert("one").Result.ShouldBe(HostResult.Done);

        File.Exists(host.Paths.StateFile + "~").ShouldBeFalse();
        host.ConditionOf("one").ShouldBe(PatchCondition.Reverted);
    }

    [Theory]
    [InlineData("printf x > {0}; printf x > {0}~")]
    [InlineData("rm -rf {0}* {1}; printf x > {0}")]
    public async Task What_harms_goes_even_when_the_state_cannot_be_read(string damage)
    {
        using var host = new TestHost { Settings = Brief };
        HealthCheck(host, $"[ $SUTURE_STAGE = before ] || {{ {string.Format(null, damage, host.Paths.StateFile, host.Paths.Patches(FakeKernel.Release))}; exit 1; }}");

        var outcome = await host.ApplyAsync(host.Module("bad"));

        outcome.Result.ShouldBe(HostResult.Unhealthy, outcome.Message);
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.ConditionOf("bad").ShouldBe(PatchCondition.Quarantined);
    }

    [Fact]
    public async Task What_the_state_has_lost_is_taken_back_by_its_name()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        Directory.Delete(host.Paths.State, recursive: true);

        host.Revert("two").Result.ShouldBe(HostResult.Refused);
        host.Revert("one").Result.ShouldBe(HostResult.Done);

        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.Status().Patches.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_agent_outlives_a_disk_that_cannot_be_written_to()
    {
        using var host = new TestHost { Settings = Brief with { AgentInterval = TimeSpan.FromMilliseconds(50) } };
        await TestHost.KilledAsync(() => host.ApplyAsync(host.Module("one")), "apply.recorded");
        host.Kernel.StartProcess();
        Directory.CreateDirectory(host.Paths.StateFile + ".tmp");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var agent = new HostAgent(host.Open(), []).RunAsync(stop.Token);

        await Task.Delay(500, stop.Token);
        agent.IsCompleted.ShouldBeFalse();
        Directory.Delete(host.Paths.StateFile + ".tmp");
        for (var i = 0; i < 400 && host.Open().State.Load().State.Patches.Single().Probation is not null; i++)
        {
            await Task.Delay(50, stop.Token);
        }

        host.Open().State.Load().State.Patches.Single().Probation.ShouldBeNull();
        await stop.CancelAsync();
        await agent;
    }

    [Fact]
    public async Task What_was_found_not_to_complete_is_not_applied_by_what_settles_it()
    {
        using var host = new TestHost { Settings = Brief with { TransitionTimeout = TimeSpan.FromMilliseconds(200) } };
        host.Kernel.PatchingCompletes = false;
        await TestHost.KilledAsync(() => host.ApplyAsync(host.Module("one")), "apply.loaded");
        host.Kernel.UnpatchingCompletes = false;
        File.WriteAllText(Path.Combine(host.Kernel.Paths.Livepatches, "suture_one/enabled"), "0\n");
        host.Kernel.StartProcess();
        host.Kernel.PatchingCompletes = true;

        await LookAsync(host);
        await LookAsync(host);
        host.Kernel.Applied.ShouldBeEmpty();
        host.Status().Condition.ShouldBe(HostCondition.InTransition);

        host.Kernel.UnpatchingCompletes = true;
        // The fake kernel works in the background, and may take longer than a look does.
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromSeconds(30) && host.Kernel.IsLoaded; await Task.Delay(20, TestContext.Current.CancellationToken))
        {
            await LookAsync(host);
        }
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.ConditionOf("one").ShouldBe(PatchCondition.Installed);
    }

    [Fact]
    public async Task An_operation_of_a_living_process_is_not_called_interrupted()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        host.Kernel.Write("proc/4242/stat", $"4242 (suture) S {string.Join(' ', Enumerable.Repeat("0", 18))} 777 0");
        var boot = host.Open().Running.BootId;
        foreach (var (operation, started) in new[] { ("alive", 777), ("gone", 776) })
        {
            host.Open().History.Append(new HistoryLine
            {
                Operation = operation,
                At = DateTimeOffset.UtcNow,
                Verb = "apply",
                Patch = "one",
                Release = FakeKernel.Release,
                Outcome = History.Begun,
                Process = new ProcessIdentity(boot, 4242, started),
            });
        }

        new Recovery(host.Open()).Run();

        host.Open().History.Operations().Where(l => l.Operation is "alive" or "gone").Select(l => (l.Operation, l.Outcome))
            .ShouldBe([("alive", History.Begun), ("gone", "interrupted")], ignoreOrder: true);
    }

    [Fact]
    public async Task Harm_does_not_load_what_was_not_applied_before()
    {
        using var host = new TestHost { Settings = Brief };
        await host.ApplyAsync(host.Module("v1"));
        await host.ApplyAsync(host.Module("v2", "2"));
        host.Revert("v2").Result.ShouldBe(HostResult.Done);
        host.Kernel.Loading = _ => host.Kernel.Write("proc/sys/kernel/tainted", "512");

        (await host.ApplyAsync("v2")).Result.ShouldBe(HostResult.Unhealthy);
        host.Kernel.Write("proc/sys/kernel/tainted", "0");
        await LookAsync(host);

        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.ConditionOf("v1").ShouldBe(PatchCondition.Replaced);
    }

    [Fact]
    public async Task What_the_kernel_warned_of_before_the_load_is_not_the_patchs_doing()
    {
        using var host = new TestHost { Settings = Brief };
        HealthCheck(host, $"[ $SUTURE_STAGE != before ] || echo '4,900,1000,-;WARNING: CPU: 0 PID: 77 at fs/file.c:1 f+0x1/0x2' >> {host.Kernel.Paths.KernelLog}");

        var outcome = await host.ApplyAsync(host.Module("one"));

        outcome.Result.ShouldBe(HostResult.Refused);
        outcome.Message.ShouldContain("not healthy as it is");
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.ConditionOf("one").ShouldNotBe(PatchCondition.Quarantined);
    }

    [Theory]
    [InlineData("none [integrity] confidentiality", "lockdown=integrity")]
    [InlineData("none integrity [confidentiality]", "lockdown=confidentiality")]
    [InlineData("[none] integrity confidentiality", null)]
    public async Task Under_lockdown_nothing_unsigned_is_loaded(string lockdown, string? told)
    {
        using var host = new TestHost();
        host.Kernel.Write("sys/kernel/security/lockdown", lockdown);

        var outcome = await host.ApplyAsync(host.Module("one"));

        outcome.Result.ShouldBe(told is null ? HostResult.Done : HostResult.Refused);
        outcome.Message.ShouldContain(told ?? "is applied");
        host.Kernel.LoadedModules.Count.ShouldBe(told is null ? 1 : 0);
    }

    [Fact]
    public async Task While_a_foreign_livepatch_is_in_transition_nothing_is_loaded()
    {
        using var host = new TestHost();
        host.Kernel.Write("sys/kernel/livepatch/kpatch_other/enabled", "1");
        host.Kernel.Write("sys/kernel/livepatch/kpatch_other/transition", "1");

        var outcome = await host.ApplyAsync(host.Module("one"));

        outcome.Result.ShouldBe(HostResult.Refused);
        outcome.Message.ShouldContain("kpatch_other");
        host.Kernel.LoadedModules.ShouldBeEmpty();
    }

    private static Task LookAsync(TestHost host) => new HostAgent(host.Open(), []).LookAsync(TestContext.Current.CancellationToken);

    private static void HealthCheck(TestHost host, string script)
    {
        host.Kernel.Write("etc/suture/health.d/check", "#!/bin/sh\n" + script);
        File.SetUnixFileMode(Path.Combine(host.Paths.HealthChecks, "check"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
