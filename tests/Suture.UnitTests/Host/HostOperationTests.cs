using Shouldly;
using Suture.Host;
using Suture.Host.Operations;
using Suture.Host.State;
using Xunit;

namespace Suture.UnitTests.Host;

/// <summary>Apply, replace, revert, boot on a fake kernel. Tests run as root, as the verbs do.</summary>
public sealed class HostOperationTests
{
    [Fact]
    public async Task Applied_shown_reverted()
    {
        using var host = new TestHost();
        host.Status().Condition.ShouldBe(HostCondition.NothingApplied);

        var applied = await host.ApplyAsync(host.Module("one"));
        applied.Result.ShouldBe(HostResult.Done, applied.Message);
        host.Kernel.Applied.ShouldBe(["suture_one"]);
        host.Status().Condition.ShouldBe(HostCondition.UpToDate);
        host.ConditionOf("one").ShouldBe(PatchCondition.Applied);
        (await host.ApplyAsync("one")).Result.ShouldBe(HostResult.Nothing);
        new Verification(host.Open()).Run(null).ShouldAllBe(c => c.Ok);
        EffectiveVersion.Of(host.Open()).ShouldSatisfyAllConditions(
            v => v.Effective.ShouldBe("6.1.190-1 + one 1"), v => v.Cves.ShouldBe(["CVE-2026-0001"]));

        host.Revert().Result.ShouldBe(HostResult.Done);
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.ConditionOf("one").ShouldBe(PatchCondition.Reverted);
        host.Revert().Result.ShouldBe(HostResult.Nothing);
        host.Open().History.Operations().Select(l => (l.Verb, l.Outcome)).ShouldBe([("apply", "done"), ("revert", "done")]);
    }

    [Fact]
    public async Task A_cumulative_patch_replaces_the_older_one_and_back()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("v1"));
        (await host.ApplyAsync(host.Module("v2", "2"))).Result.ShouldBe(HostResult.Done);
        host.Kernel.LoadedModules.ShouldBe(["suture_v2"]);
        host.ConditionOf("v1").ShouldBe(PatchCondition.Replaced);
        host.Status().Condition.ShouldBe(HostCondition.UpToDate);

        (await host.ApplyAsync("v1")).Result.ShouldBe(HostResult.Done);
        host.Kernel.LoadedModules.ShouldBe(["suture_v1"]);
        host.ConditionOf("v2").ShouldBe(PatchCondition.Replaced);
    }

    [Fact]
    public async Task Applied_again_at_boot_in_its_order_and_only_what_is_wanted()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("a", replace: false, functions: "f"));
        await host.ApplyAsync(host.Module("b", replace: false, functions: "g"));
        await host.ApplyAsync(host.Module("c", replace: false, functions: "h"));
        host.Revert("b").Result.ShouldBe(HostResult.Done);
        DateTimeOffset? Since(string name) => host.Open().State.Load().State.Patches.Single(p => p.Name == name).AppliedSince;
        var since = Since("a").ShouldNotBeNull();

        host.Kernel.Boot();
        host.ConditionOf("a").ShouldBe(PatchCondition.Missing);
        (await host.BootAsync()).Result.ShouldBe(HostResult.Done);
        host.Kernel.Applied.ShouldBe(["suture_a", "suture_c"]);
        Since("a").ShouldBe(since, "across reboots");
        Since("b").ShouldBeNull();
        host.Open().State.Load().State.Patches.ShouldAllBe(p => p.Probation == null);
    }

    [Fact]
    public async Task What_brought_the_machine_down_at_boot_is_not_loaded_again()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("bad"));
        host.Kernel.Boot();
        await TestHost.KilledAsync(() => host.BootAsync(), "boot.loaded");
        host.Kernel.Boot();

        (await host.BootAsync()).Message.ShouldContain("quarantine");
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.ConditionOf("bad").ShouldBe(PatchCondition.Quarantined);
        host.Status().Patches[0].Explanation.ShouldContain("the machine went down");
        (await host.ApplyAsync("bad")).Message.ShouldContain("quarantine");
        (await host.ApplyAsync("bad", again: true)).Result.ShouldBe(HostResult.Done);
    }

    [Fact]
    public async Task What_harms_is_taken_back_and_put_into_quarantine()
    {
        using var host = new TestHost { Settings = new Settings { Watch = TimeSpan.FromSeconds(20) } };
        host.Kernel.Loading = _ => host.Kernel.Write("proc/sys/kernel/tainted", "512");

        var outcome = await host.ApplyAsync(host.Module("bad"));

        outcome.Result.ShouldBe(HostResult.Unhealthy);
        outcome.Message.ShouldContain("512");
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.ConditionOf("bad").ShouldBe(PatchCondition.Quarantined);
    }

    [Fact]
    public async Task A_health_check_that_fails_takes_the_patch_back_and_one_that_failed_before_stops_it()
    {
        using var host = new TestHost { Settings = new Settings { Watch = TimeSpan.FromSeconds(20), HealthTimeout = TimeSpan.FromSeconds(2) } };
        host.Kernel.Write("etc/suture/health.d/service", "#!/bin/sh\necho SUTURE_STAGE=$SUTURE_STAGE\n[ $SUTURE_STAGE = before ] || sleep 60");
        File.SetUnixFileMode(Path.Combine(host.Paths.HealthChecks, "service"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var outcome = await host.ApplyAsync(host.Module("bad"));
        outcome.Result.ShouldBe(HostResult.Unhealthy);
        outcome.Message.ShouldContain("health check service: did not end within 2 s");

        host.Kernel.Write("etc/suture/health.d/service", "#!/bin/sh\necho broken\nexit 3");
        var refused = await host.ApplyAsync(host.Module("good"));
        refused.Result.ShouldBe(HostResult.Refused);
        refused.Message.ShouldContain("exit 3: broken");
        host.Kernel.LoadedModules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stalled_transition_leaves_the_host_as_it_was()
    {
        using var host = new TestHost { Settings = new Settings { TransitionTimeout = TimeSpan.FromSeconds(2), Watch = TimeSpan.Zero } };
        await host.ApplyAsync(host.Module("v1"));
        host.Kernel.PatchingCompletes = false;
        host.Kernel.AddTask(77, 77, "sleeper", 0, "[<0>] cmdline_proc_show+0x10/0x20\n[<0>] vfs_read+0x1/0x2\n");

        var outcome = await host.ApplyAsync(host.Module("v2"));

        outcome.Result.ShouldBe(HostResult.Stalled);
        outcome.Blockers.ShouldHaveSingleItem().Stack.ShouldBe(["cmdline_proc_show", "vfs_read"]);
        outcome.Targets.ShouldContain("cmdline_proc_show");
        host.Kernel.LoadedModules.ShouldBe(["suture_v1"]);
        host.ConditionOf("v1").ShouldBe(PatchCondition.Applied);
        host.ConditionOf("v2").ShouldBe(PatchCondition.Installed);
        host.Status().Condition.ShouldBe(HostCondition.UpdatePending);
    }

    public static TheoryData<string> ApplySteps => [.. FaultPoint.Steps.Where(s => s.StartsWith("apply.", StringComparison.Ordinal) || s.StartsWith("state.", StringComparison.Ordinal) || s == "history.torn")];

    [Theory]
    [MemberData(nameof(ApplySteps))]
    public async Task Killed_at_any_step_of_apply(string step)
    {
        using var host = new TestHost();
        await TestHost.KilledAsync(() => host.ApplyAsync(host.Module("one")), step);
        await SettlesAsync(host, "one");
    }

    [Theory]
    [MemberData(nameof(ApplySteps))]
    public async Task Killed_at_any_step_of_replace(string step)
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("v1"));
        await TestHost.KilledAsync(() => host.ApplyAsync(host.Module("v2")), step);
        await WaitForSettledKernelAsync(host);
        host.Kernel.Applied.Count.ShouldBe(1, "one of the two, never both or none");
        await SettlesAsync(host, "v2");
        host.ConditionOf("v1").ShouldBe(PatchCondition.Replaced);
    }

    [Theory]
    [InlineData("revert.begun")]
    [InlineData("revert.unwanted")]
    [InlineData("revert.disabled")]
    [InlineData("revert.unloaded")]
    [InlineData("revert.finished")]
    [InlineData("state.written")]
    [InlineData("state.kept")]
    [InlineData("state.renamed")]
    [InlineData("history.torn")]
    public async Task Killed_at_any_step_of_revert(string step)
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        await TestHost.KilledAsync(() => Task.FromResult(host.Revert("one")), step);
        await WaitForSettledKernelAsync(host);
        Truthful(host);
        host.Revert("one").Result.ShouldBeOneOf(HostResult.Done, HostResult.Nothing);
        host.Kernel.LoadedModules.ShouldBeEmpty();
        NothingLost(host);
        host.Kernel.Boot();
        await host.BootAsync();
        host.Kernel.LoadedModules.ShouldBeEmpty();
    }

    public static TheoryData<string> BootSteps => [.. FaultPoint.Steps.Where(s => s.StartsWith("boot.", StringComparison.Ordinal) || s.StartsWith("state.", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(BootSteps))]
    public async Task Killed_at_any_step_of_boot(string step)
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        host.Kernel.Boot();
        await TestHost.KilledAsync(() => host.BootAsync(), step);
        await SettlesAsync(host, "one");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("garbage \u0001\u0002")]
    public async Task A_damaged_state_file_loses_no_patch(string damage)
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        File.WriteAllText(host.Paths.StateFile, damage);
        host.Status().Warnings.ShouldContain(w => w.Contains("damaged", StringComparison.Ordinal));
        host.ConditionOf("one").ShouldBe(PatchCondition.Applied);
        File.WriteAllText(host.Paths.StateFile + "~", damage);
        host.ConditionOf("one").ShouldBe(PatchCondition.Applied);

        (await host.ApplyAsync("one")).Result.ShouldBe(HostResult.Nothing);
        host.Status().Warnings.ShouldBeEmpty();
        host.Kernel.Boot();
        await host.BootAsync();
        host.Kernel.Applied.ShouldBe(["suture_one"]);
    }

    [Fact]
    public async Task A_state_file_cut_anywhere_is_noticed()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        var whole = File.ReadAllBytes(host.Paths.StateFile);
        for (var length = 0; length < whole.Length; length++)
        {
            HostState.FromJson(whole.AsSpan(0, length), out var fault).ShouldBeNull();
            fault.ShouldNotBeEmpty();
        }
    }

    [Fact]
    public async Task Marks_bind()
    {
        using var host = new TestHost();
        var changes = new StateChanges(host.Open());
        await host.ApplyAsync(host.Module("v1"));
        changes.Mark("v1", PatchMarks.Pinned, true, CancellationToken.None).Result.ShouldBe(HostResult.Done);
        (await host.ApplyAsync(host.Module("v2"))).Message.ShouldContain("pinned");
        changes.Mark("v1", PatchMarks.Pinned, false, CancellationToken.None).Result.ShouldBe(HostResult.Done);
        changes.Mark("v1", PatchMarks.Held, true, CancellationToken.None).Result.ShouldBe(HostResult.Done);
        changes.Remove("v1", CancellationToken.None).Message.ShouldContain("applied");
        host.Kernel.Boot();
        await host.BootAsync();
        host.Kernel.LoadedModules.ShouldBeEmpty();
        (await host.ApplyAsync("v1")).Result.ShouldBe(HostResult.Done);
        host.Revert("v1").Result.ShouldBe(HostResult.Done);
        changes.Mark("v1", PatchMarks.Excluded, true, CancellationToken.None).Result.ShouldBe(HostResult.Done);
        (await host.ApplyAsync("v1")).Message.ShouldContain("excluded");
        changes.Remove("v1", CancellationToken.None).Result.ShouldBe(HostResult.Done);
        host.Status().Patches.ShouldBeEmpty();
    }

    private static async Task WaitForSettledKernelAsync(TestHost host)
    {
        while (host.Status().Condition == HostCondition.InTransition)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>After a kill: the status is true, the next command works, nothing is half applied, nothing of the history is lost, and a reboot keeps it.</summary>
    private static async Task SettlesAsync(TestHost host, string name)
    {
        host.Kernel.StartProcess();
        await WaitForSettledKernelAsync(host);
        Truthful(host);
        var again = await host.ApplyAsync(host.Module(name));
        again.Result.ShouldBeOneOf(HostResult.Done, HostResult.Nothing);
        host.Kernel.LoadedModules.ShouldBe(["suture_" + name]);
        host.Status().Condition.ShouldBe(HostCondition.UpToDate);
        NothingLost(host);
        Directory.GetFiles(host.Paths.State, "*.tmp", SearchOption.AllDirectories).ShouldBeEmpty();
        host.Kernel.Boot();
        await host.BootAsync();
        host.Kernel.Applied.ShouldBe(["suture_" + name]);
    }

    private static void Truthful(TestHost host)
    {
        foreach (var patch in host.Status().Patches)
        {
            (patch.Condition is PatchCondition.Applied or PatchCondition.Unwanted).ShouldBe(host.Kernel.Applied.Contains(patch.Patch.Module), patch.ToString());
        }
    }

    /// <summary>Every operation that was announced has an end.</summary>
    private static void NothingLost(TestHost host) => host.Open().History.Operations().ShouldAllBe(l => l.Outcome != History.Begun);
}
