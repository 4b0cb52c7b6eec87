using System.Security.Cryptography;
using System.Text;
using Shouldly;
using Suture.Host;
using Suture.Host.Agent;
using Suture.Host.Operations;
using Suture.Host.State;
using Suture.UnitTests.Package;
using Xunit;

namespace Suture.UnitTests.Host;

/// <summary>What ends an operation before its time (a signal, a terminal that goes away, a full disk, another command) leaves no host worse than before, and nothing untold.</summary>
public sealed class HostInterruptionTests
{
    private static readonly Settings Brief = new() { TransitionTimeout = TimeSpan.FromSeconds(20), Watch = TimeSpan.FromMilliseconds(300), BootWatch = TimeSpan.Zero, HealthTimeout = TimeSpan.FromSeconds(10) };
    private static readonly Settings Patient = Brief with { Watch = TimeSpan.FromMinutes(5), BootWatch = TimeSpan.FromMinutes(5) };

    [Fact]
    public async Task A_watch_that_was_interrupted_clears_no_marker()
    {
        using var host = new TestHost { Settings = Patient };
        var outcome = await InterruptedAsync(host, cancel => new ApplyOperation(host.Open(), new ApplyOptions()).RunAsync(host.Module("one"), cancel));

        outcome.Result.ShouldBe(HostResult.Interrupted);
        outcome.Message.ShouldContain("on probation");
        StateOf(host, "one").Probation.ShouldNotBeNull().EndedInOrder.ShouldBe(true);
        host.ConditionOf("one").ShouldBe(PatchCondition.Applied);
    }

    [Fact]
    public async Task Shut_down_before_it_was_watched_it_is_tried_again_but_not_for_ever()
    {
        using var host = new TestHost { Settings = Patient };
        await InterruptedAsync(host, cancel => new ApplyOperation(host.Open(), new ApplyOptions()).RunAsync(host.Module("one"), cancel));
        for (var boot = 1; boot <= 2; boot++)
        {
            host.Kernel.Boot();
            await InterruptedAsync(host, cancel => new BootOperation(host.Open()).RunAsync(cancel));
            host.Kernel.Applied.ShouldBe(["suture_one"]);
        }

        host.Kernel.Boot();
        (await host.BootAsync()).Message.ShouldContain("shut down 3 times in a row");
        host.ConditionOf("one").ShouldBe(PatchCondition.Quarantined);
    }

    [Fact]
    public async Task One_boot_that_was_watched_ends_the_count()
    {
        using var host = new TestHost { Settings = Patient };
        await InterruptedAsync(host, cancel => new ApplyOperation(host.Open(), new ApplyOptions()).RunAsync(host.Module("one"), cancel));
        host.Kernel.Boot();
        await new BootOperation(new SutureHost(host.Kernel.Paths, host.Paths, host.Kernel, Brief)).RunAsync(TestContext.Current.CancellationToken);

        StateOf(host, "one").ShouldSatisfyAllConditions(p => p.Probation.ShouldBeNull(), p => p.UnwatchedBoots.ShouldBeNull());
    }

    [Fact]
    public async Task A_shutdown_loads_nothing_more()
    {
        using var host = new TestHost { Settings = Patient };
        await host.ApplyAsync(host.Module("a", replace: false, functions: "f"), settings: Brief);
        await host.ApplyAsync(host.Module("b", replace: false, functions: "g"), settings: Brief);
        host.Kernel.Boot();
        using var stop = new CancellationTokenSource();
        FaultPoint.Observer.Value = at =>
        {
            if (at == "boot.recorded")
            {
                stop.Cancel();
            }
        };

        await new BootOperation(host.Open()).RunAsync(stop.Token);

        FaultPoint.Observer.Value = null;
        host.Kernel.Applied.ShouldBe(["suture_a"]);
        StateOf(host, "b").Probation.ShouldBeNull();
    }

    [Fact]
    public async Task A_disk_that_fills_up_during_a_replacement_costs_neither_patch()
    {
        using var host = new TestHost { Settings = Brief };
        await host.ApplyAsync(host.Module("v1"));
        FaultPoint.Observer.Value = at =>
        {
            if (at == "apply.transitioned")
            {
                Directory.CreateDirectory(host.Paths.StateFile + ".tmp");
            }
        };

        var outcome = await host.ApplyAsync(host.Module("v2", "2"));

        FaultPoint.Observer.Value = null;
        outcome.Result.ShouldBe(HostResult.Failed);
        outcome.Message.ShouldContain("could not be recorded");
        host.Kernel.Applied.ShouldBe(["suture_v2"]);
        Directory.Delete(host.Paths.StateFile + ".tmp");
        host.Kernel.StartProcess();
        (await host.ApplyAsync("v2")).Result.ShouldBe(HostResult.Nothing);
        host.ConditionOf("v1").ShouldBe(PatchCondition.Replaced);
        host.Status().Condition.ShouldBe(HostCondition.UpToDate);
    }

    [Fact]
    public async Task Without_room_to_write_down_what_is_done_nothing_is_done()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("v1"));
        FaultPoint.Observer.Value = at =>
        {
            if (at == "apply.installed")
            {
                Directory.CreateDirectory(Path.Combine(host.Paths.State, "room.tmp"));
            }
        };

        var outcome = await host.ApplyAsync(host.Module("v2", "2"));

        FaultPoint.Observer.Value = null;
        outcome.Result.ShouldBe(HostResult.Failed);
        outcome.Message.ShouldContain("nothing was loaded");
        host.Kernel.Applied.ShouldBe(["suture_v1"]);
    }

    [Fact]
    public async Task A_terminal_that_went_away_stops_nothing()
    {
        using var host = new TestHost { Settings = Brief };

        var outcome = await new ApplyOperation(host.Open(), new ApplyOptions(), new Gone()).RunAsync(host.Module("one"), TestContext.Current.CancellationToken);

        outcome.Result.ShouldBe(HostResult.Done, outcome.Message);
        StateOf(host, "one").Probation.ShouldBeNull();
    }

    [Fact]
    public async Task A_command_that_holds_the_lock_is_waited_for()
    {
        using var host = new TestHost { Settings = Brief };
        HostLock? held = null;
        FaultPoint.Observer.Value = at =>
        {
            if (at == "apply.watched")
            {
                held = HostLock.Take(host.Paths, TimeSpan.Zero, CancellationToken.None);
                _ = Task.Delay(500).ContinueWith(_ => held!.Dispose(), TaskScheduler.Default);
            }
        };

        var outcome = await host.ApplyAsync(host.Module("one"));

        FaultPoint.Observer.Value = null;
        held.ShouldNotBeNull();
        outcome.Message.ShouldContain("healthy");
        StateOf(host, "one").Probation.ShouldBeNull();
    }

    [Fact]
    public async Task What_stands_in_the_way_of_one_patch_at_boot_keeps_no_other_from_being_watched()
    {
        using var host = new TestHost { Settings = Brief };
        await host.ApplyAsync(host.Module("a", replace: false, functions: "f"));
        await host.ApplyAsync(host.Module("b", replace: false, functions: "g"));
        host.Kernel.Boot();
        FaultPoint.Observer.Value = at =>
        {
            if (at == "boot.recorded")
            {
                Directory.CreateDirectory(Path.Combine(host.Paths.State, "room.tmp"));
            }
        };

        var outcome = await host.BootAsync();

        FaultPoint.Observer.Value = null;
        outcome.Message.ShouldContain("a: applied, and healthy");
        host.Kernel.Applied.ShouldBe(["suture_a"]);
        StateOf(host, "a").Probation.ShouldBeNull();
        StateOf(host, "b").Wish.ShouldBe(PatchWish.Applied);
    }

    [Theory]
    [InlineData("apply.copied", "1")]
    [InlineData("apply.listed", "2")]
    public async Task A_patch_of_the_same_name_takes_the_place_of_the_old_one_wholly_or_not_at_all(string step, string version)
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        host.Kernel.Boot();
        await TestHost.KilledAsync(() => host.ApplyAsync(host.Module("one", "2")), step);

        host.Kernel.Boot();
        (await host.BootAsync()).Result.ShouldBe(HostResult.Done);

        host.Kernel.Applied.ShouldBe(["suture_one"]);
        StateOf(host, "one").Version.ShouldBe(version);
        new Verification(host.Open()).Run(null).ShouldAllBe(c => c.Ok);
        Directory.GetFiles(host.Paths.Patches(FakeKernel.Release)).ShouldBe([host.Paths.Patch(FakeKernel.Release, "one")]);
    }

    [Fact]
    public async Task Asking_changes_nothing()
    {
        using var host = new TestHost();
        await TestHost.KilledAsync(() => host.ApplyAsync(host.Module("one")), "apply.recorded");
        host.Kernel.StartProcess();
        var before = (File.ReadAllText(host.Paths.StateFile), File.ReadAllText(host.Paths.HistoryFile));

        var outcome = await new ApplyOperation(host.Open(), new ApplyOptions { DryRun = true }).RunAsync(host.Module("two", replace: false, functions: "g"), TestContext.Current.CancellationToken);

        outcome.Message.ShouldContain("can be applied");
        (File.ReadAllText(host.Paths.StateFile), File.ReadAllText(host.Paths.HistoryFile)).ShouldBe(before);
    }

    [Fact]
    public async Task A_copy_in_the_store_under_another_name_is_no_patch()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        host.Revert("one");
        File.Copy(host.Paths.Patch(FakeKernel.Release, "one"), host.Paths.Patch(FakeKernel.Release, "one-old"));

        host.ConditionOf("one").ShouldBe(PatchCondition.Reverted);
        host.Status().Warnings.ShouldHaveSingleItem().ShouldContain("one-old.ko holds the patch one");
    }

    [Fact]
    public async Task A_state_with_a_field_of_a_later_version_is_read()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        var state = host.Open().State.Load().State;
        var bare = Encoding.UTF8.GetString(state.ToJson()).Replace(HostState.FromJson(state.ToJson(), out _)!.Checksum, "", StringComparison.Ordinal)
            .Replace("\"format\": 1,", "\"format\": 1,\n  \"later\": 5,", StringComparison.Ordinal);
        var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(bare)));

        var read = HostState.FromJson(Encoding.UTF8.GetBytes(bare.Replace("\"checksum\": \"\"", $"\"checksum\": \"{checksum}\"", StringComparison.Ordinal)), out var fault);

        fault.ShouldBeEmpty();
        read.ShouldNotBeNull().Patches.ShouldHaveSingleItem().Name.ShouldBe("one");
    }

    [Fact]
    public async Task Patches_of_another_kernel_stay_as_they_are_and_can_be_removed()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        const string other = "6.1.0-100-test-amd64";
        host.Kernel.Boot(other);

        (await host.BootAsync()).Result.ShouldBe(HostResult.Nothing);
        host.Kernel.LoadedModules.ShouldBeEmpty();
        host.Status().Patches.ShouldBeEmpty();
        (await host.ApplyAsync(host.Module("two", release: other))).Result.ShouldBe(HostResult.Done);

        host.Kernel.Boot();
        await host.BootAsync();
        host.Kernel.Applied.ShouldBe(["suture_one"]);
        Directory.CreateDirectory(Path.Combine(host.Kernel.Paths.Installed, other));
        new StateChanges(host.Open()).Remove("two", TestContext.Current.CancellationToken).Message.ShouldContain(other);
        Directory.Delete(Path.Combine(host.Kernel.Paths.Installed, other));
        new StateChanges(host.Open()).Mark("two", PatchMarks.Held, true, TestContext.Current.CancellationToken).Result.ShouldBe(HostResult.Refused);
        new StateChanges(host.Open()).Remove("two", TestContext.Current.CancellationToken).Result.ShouldBe(HostResult.Done);
        host.Open().State.Load().State.Patches.ShouldHaveSingleItem().Name.ShouldBe("one");
    }

    [Theory]
    [InlineData("ln -s /nowhere/check {0}", "leads to no file")]
    [InlineData("printf '#!/bin/sh\\nexit 0\\n' > {0}; chmod 777 {0}", "writable by nobody else")]
    [InlineData("mkdir {0}.real; printf '#!/bin/sh\\nexit 0\\n' > {0}.real/c; chmod 755 {0}.real/c; ln -s {0}.real/c {0}", null)]
    [InlineData("mkdir -m 777 {0}.real; printf '#!/bin/sh\\nexit 0\\n' > {0}.real/c; chmod 755 {0}.real/c; ln -s {0}.real/c {0}", "check.real must belong to root")]
    [InlineData("mkdir {0}.real; chown nobody {0}.real; printf '#!/bin/sh\\nexit 0\\n' > {0}.real/c; chmod 755 {0}.real/c; ln -s {0}.real/c {0}", "check.real must belong to root")]
    [InlineData("d=$(dirname {0}); mv $d $d.real; ln -s $d.real $d; ln -s ../../../bin/true {0}", "leads to no file")]
    [InlineData("d=$(dirname {0}); mv $d $d.real; ln -s $d.real $d; ln -s /bin/true {0}", null)]
    public async Task A_check_that_cannot_be_trusted_or_found_fails(string setup, string? fault)
    {
        using var host = new TestHost { Settings = Brief };
        Directory.CreateDirectory(host.Paths.HealthChecks, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Tool.Run("sh", ["-c", string.Format(null, setup, Path.Combine(host.Paths.HealthChecks, "check"))]);

        var outcome = await host.ApplyAsync(host.Module("one"));

        outcome.Result.ShouldBe(fault is null ? HostResult.Done : HostResult.Refused, outcome.Message);
        outcome.Message.ShouldContain(fault ?? "healthy");
    }

    [Fact]
    public async Task Refusals_that_have_nothing_to_do_with_the_patch_are_on_record_too()
    {
        using var host = new TestHost();
        File.WriteAllText(host.Paths.DisabledFile, "");

        (await host.ApplyAsync(host.Module("one"))).Message.ShouldContain("switched off");
        host.Open().History.Operations().ShouldHaveSingleItem().Outcome.ShouldBe("refused");
        (await host.BootAsync()).Message.ShouldContain("switched off");
        host.Kernel.LoadedModules.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_agent_obeys_the_switch()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        host.Kernel.Boot();
        File.WriteAllText(host.Paths.DisabledFile, "");

        await new HostAgent(host.Open(), []).LookAsync(TestContext.Current.CancellationToken);
        host.Kernel.LoadedModules.ShouldBeEmpty();
        File.Delete(host.Paths.DisabledFile);
        await new HostAgent(host.Open(), []).LookAsync(TestContext.Current.CancellationToken);
        host.Kernel.Applied.ShouldBe(["suture_one"]);
    }

    [Fact]
    public void The_textfile_follows_no_link()
    {
        using var host = new TestHost();
        var (directory, victim) = (Directory.CreateDirectory(Path.Combine(host.Kernel.Root, "collector")).FullName, Path.Combine(host.Kernel.Root, "victim"));
        File.WriteAllText(victim, "kept");
        File.CreateSymbolicLink(Path.Combine(directory, "suture.prom.tmp"), victim);
        File.CreateSymbolicLink(Path.Combine(directory, "suture.prom"), victim);

        Metrics.WriteTextfile(directory, "a 1\n# EOF\n").ShouldBeNull();

        File.ReadAllText(victim).ShouldBe("kept");
        File.ReadAllText(Path.Combine(directory, "suture.prom")).ShouldBe("a 1\n");
        File.GetUnixFileMode(Path.Combine(directory, "suture.prom")).HasFlag(UnixFileMode.OtherRead).ShouldBeTrue();
        Metrics.WriteTextfile(Path.Combine(host.Kernel.Root, "none"), "a 1\n").ShouldBeNull();
    }

    private static InstalledPatch StateOf(TestHost host, string name) => host.Open().State.Load().State.Patches.Single(p => p.Name == name);

    /// <summary>Ends the operation when it watches, as SIGTERM does.</summary>
    private static async Task<HostOutcome> InterruptedAsync(TestHost host, Func<CancellationToken, Task<HostOutcome>> operation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = operation(stop.Token);
        while (!running.IsCompleted && !(host.Open().State.Load().State.Patches is [{ AppliedSince: not null, Probation: not null }] && host.Kernel.Applied.Count == 1))
        {
            await Task.Delay(10, CancellationToken.None);
        }
        // It is in its watch within a moment; before, it would turn the transition round.
        await Task.Delay(300, CancellationToken.None);
        await stop.CancelAsync();
        var outcome = await running;
        host.Kernel.StartProcess();
        return outcome;
    }

    private sealed class Gone : IProgress<HostProgress>
    {
        public void Report(HostProgress value) => throw new IOException("Input/output error");
    }
}
