using Shouldly;
using Suture.Host;
using Suture.Host.Agent;
using Suture.Host.Health;
using Suture.Host.Operations;
using Suture.Host.State;
using Xunit;

namespace Suture.UnitTests.Host;

/// <summary>What becomes of a host when a patch does harm, a disk cannot be written to, or nobody is left to settle things but the agent.</summary>
public sealed class HostAftermathTests
{
    private static readonly Settings Brief = new() { TransitionTimeout = TimeSpan.FromSeconds(20), Watch = TimeSpan.FromMilliseconds(300), BootWatch = TimeSpan.Zero, HealthTimeout = TimeSpan.FromSeconds(10) };

    [Fact]
    public async Task What_was_applied_on_top_of_a_cumulative_patch_survives_a_boot_that_is_killed_between_them()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("base", functions: "f"));
        await host.ApplyAsync(host.Module("extra", replace: false, functions: "g"));
        host.Kernel.Applied.ShouldBe(["suture_base", "suture_extra"]);

        host.Kernel.Boot();
        await TestHost.KilledAsync(() => host.BootAsync(), "boot.recorded");
        host.Kernel.StartProcess();
        host.ConditionOf("extra").ShouldBe(PatchCondition.Missing);
        await host.BootAsync();
        host.Kernel.Applied.ShouldBe(["suture_base", "suture_extra"]);

        host.Kernel.Boot();
        await host.BootAsync();
        host.Kernel.Applied.ShouldBe(["suture_base", "suture_extra"]);
    }

    [Fact]
    public async Task What_harms_goes_even_when_that_cannot_be_written_down()
    {
        using var host = new TestHost { Settings = Brief };
        var aside = host.Paths.StateFile + ".tmp";
        HealthCheck(host, $"[ $SUTURE_STAGE = before ] || {{ mkdir -p {aside}; exit 1; }}");

        var outcome = await host.ApplyAsync(host.Module("bad"));

        outcome.Result.ShouldBe(HostResult.Unhealthy);
        outcome.Message.ShouldContain("cannot be written");
        host.Kernel.LoadedModules.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_to_go_goes_even_when_that_cannot_be_written_down()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        Directory.CreateDirectory(host.Paths.StateFile + ".tmp");

        var outcome = host.Revert("one");

        outcome.Result.ShouldBe(HostResult.Done);
        outcome.Message.ShouldContain("the next boot may apply it again");
        host.Kernel.LoadedModules.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_a_harmful_patch_replaced_comes_back()
    {
        using var host = new TestHost { Settings = Brief };
        await host.ApplyAsync(host.Module("v1"));
        host.Kernel.Loading = name => host.Kernel.Write("proc/sys/kernel/tainted", name == "suture_v2" ? "512" : "0");

        var outcome = await host.ApplyAsync(host.Module("v2", "2"));

        outcome.Result.ShouldBe(HostResult.Unhealthy);
        outcome.Message.ShouldContain("v1 is to be applied again");
        host.Kernel.LoadedModules.ShouldBeEmpty();
        await LookAsync(host);
        host.Kernel.Applied.ShouldBe(["suture_v1"]);
        host.ConditionOf("v2").ShouldBe(PatchCondition.Quarantined);
    }

    [Fact]
    public async Task What_brought_the_machine_down_gives_way_to_what_it_replaced()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("v1"));
        await TestHost.KilledAsync(() => host.ApplyAsync(host.Module("v2", "2")), "apply.recorded");
        host.Kernel.Boot();
        await host.BootAsync();
        host.ConditionOf("v2").ShouldBe(PatchCondition.Quarantined);
        host.Kernel.Applied.ShouldBe(["suture_v1"]);
    }

    [Fact]
    public async Task The_agent_removes_the_marker_of_a_command_that_was_killed_before_it_loaded_anything()
    {
        using var host = new TestHost();
        await TestHost.KilledAsync(() => host.ApplyAsync(host.Module("one")), "apply.marked");
        host.Kernel.StartProcess();
        await LookAsync(host);
        host.Open().State.Load().State.Patches.Single().Probation.ShouldBeNull();
        host.Kernel.Boot();
        await host.BootAsync();
        host.ConditionOf("one").ShouldBe(PatchCondition.Installed);
    }

    [Fact]
    public async Task The_agent_ends_a_transition_that_nobody_waits_for_any_more()
    {
        using var host = new TestHost { Settings = Brief with { TransitionTimeout = TimeSpan.FromSeconds(2) } };
        host.Kernel.PatchingCompletes = false;
        await TestHost.KilledAsync(() => host.ApplyAsync(host.Module("one")), "apply.loaded");
        host.Kernel.StartProcess();
        host.Status().Condition.ShouldBe(HostCondition.InTransition);
        await LookAsync(host);
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.Status().Condition.ShouldBe(HostCondition.UpdatePending);
    }

    [Fact]
    public async Task What_harms_and_could_not_be_taken_back_at_once_is_taken_back_by_the_agent()
    {
        using var host = new TestHost { Settings = Brief with { TransitionTimeout = TimeSpan.FromSeconds(2) } };
        host.Kernel.Loading = _ => host.Kernel.Write("proc/sys/kernel/tainted", "512");
        host.Kernel.UnpatchingCompletes = false;

        var outcome = await host.ApplyAsync(host.Module("bad"));

        outcome.Result.ShouldBe(HostResult.Failed);
        outcome.Message.ShouldContain("could not be taken back");
        host.ConditionOf("bad").ShouldBe(PatchCondition.Unwanted);
        host.Status().Condition.ShouldBe(HostCondition.UpdatePending);
        host.Kernel.UnpatchingCompletes = true;
        await LookAsync(host);
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.ConditionOf("bad").ShouldBe(PatchCondition.Quarantined);
    }

    [Fact]
    public async Task What_is_applied_and_unwanted_is_no_good_state_and_the_agent_leaves_it_to_its_owner()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        await TestHost.KilledAsync(() => Task.FromResult(host.Revert("one")), "revert.unwanted");
        host.ConditionOf("one").ShouldBe(PatchCondition.Unwanted);
        host.Status().Condition.ShouldBe(HostCondition.UpdatePending);
        (await host.ApplyAsync("one")).Message.ShouldContain("was to be taken back");
        await LookAsync(host);
        host.ConditionOf("one").ShouldBe(PatchCondition.Unwanted);
        host.Revert("one").Result.ShouldBe(HostResult.Done);
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.ConditionOf("one").ShouldBe(PatchCondition.Reverted);
    }

    [Fact]
    public async Task One_goes_back_when_the_host_is_not_healthy_and_only_to_what_replaces_all()
    {
        using var host = new TestHost { Settings = Brief };
        await host.ApplyAsync(host.Module("v1"));
        await host.ApplyAsync(host.Module("v2", "2"));
        await host.ApplyAsync(host.Module("extra", replace: false, functions: "g"));
        HealthCheck(host, "exit 1");
        Task<HostOutcome> Back(string to) => new ApplyOperation(host.Open(), new ApplyOptions { BackTo = true, Verb = "revert" }).RunAsync(to, TestContext.Current.CancellationToken);

        (await Back("extra")).Result.ShouldBe(HostResult.Refused);
        (await Back(host.Module("v1"))).Result.ShouldBe(HostResult.Refused);
        (await Back("v1")).Result.ShouldBe(HostResult.Done);
        host.Kernel.Applied.ShouldBe(["suture_v1"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_damaged_copy_in_the_store_is_mended_by_applying_the_file_again(bool isThere)
    {
        using var host = new TestHost();
        var module = host.Module("one");
        await host.ApplyAsync(module);
        host.Kernel.Boot();
        var stored = host.Paths.Patch(FakeKernel.Release, "one");
        File.Delete(stored);
        if (isThere)
        {
            File.WriteAllText(stored, "not a module");
        }
        (await host.ApplyAsync("one")).Result.ShouldBe(HostResult.Refused);
        var mended = await host.ApplyAsync(module);
        mended.Result.ShouldBe(HostResult.Done, mended.Message);
    }

    [Theory]
    [InlineData("4,900,1000,-;WARNING: CPU: 0 PID: 77 at fs/file.c:1 f+0x1/0x2", true)]
    [InlineData("1,900,1000,-;BUG: unable to handle page fault for address: ffff", true)]
    [InlineData("6,900,1000,-;Oops[812]: segfault at 0 ip 1 sp 2 error 4", false)]
    [InlineData("3,900,1000,-;Out of memory: Killed process 812 (Oops) total-vm:1kB", false)]
    [InlineData("12,900,1000,-;WARNING: CPU: 0 PID: 77 at fs/file.c:1, says a program", false)]
    [InlineData("28,900,1000,-;Oops[812]: WARNING: what a daemon says", false)]
    public void Only_what_the_kernel_itself_warns_of_is_harm(string record, bool harms)
    {
        using var host = new TestHost();
        var open = host.Open();
        using var watch = new HealthWatch(open.Kernel, open.Checks);
        File.AppendAllText(host.Kernel.Paths.KernelLog, record + "\n");
        (watch.KernelHarmNow() is not null).ShouldBe(harms);
    }

    [Fact]
    public void Lines_that_are_written_at_the_same_time_are_all_there()
    {
        using var host = new TestHost();
        const int writers = 8, each = 25;
        Parallel.For(0, writers, new ParallelOptions { MaxDegreeOfParallelism = writers }, w =>
        {
            var history = new History(host.Paths);
            for (var i = 0; i < each; i++)
            {
                history.Append(new HistoryLine { Operation = $"{w}-{i}", At = DateTimeOffset.UtcNow, Verb = "apply", Outcome = "done", Detail = new string('x', 10 * w) });
            }
        });
        host.Open().History.Read().Select(l => l.Operation).Distinct().Count().ShouldBe(writers * each);
    }

    private static Task LookAsync(TestHost host) => new HostAgent(host.Open(), []).LookAsync(TestContext.Current.CancellationToken);

    private static void HealthCheck(TestHost host, string script)
    {
        host.Kernel.Write("etc/suture/health.d/check", "#!/bin/sh\n" + script);
        File.SetUnixFileMode(Path.Combine(host.Paths.HealthChecks, "check"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
