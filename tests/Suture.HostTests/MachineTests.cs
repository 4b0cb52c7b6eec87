using System.Diagnostics;
using System.Security.Cryptography;
using Shouldly;
using Suture.HostTests.Machine;
using Xunit;

namespace Suture.HostTests;

/// <summary>The machine itself does what the other tests rely on.</summary>
public sealed class MachineTests(PreparedMachine prepared, ITestOutputHelper output)
{
    [Fact]
    public async Task Commands_give_their_output_and_exit_code()
    {
        await using var machine = await prepared.ResumeAsync();
        (await machine.SucceedAsync("uname -r")).Trim().ShouldBe(machine.Release);
        (await machine.SucceedAsync("systemctl is-system-running")).Trim().ShouldBe("running");

        var result = await machine.RunAsync("printf 'out\\0put'; echo error >&2; exit 7");
        result.ExitCode.ShouldBe(7);
        result.OutputBytes.ShouldBe("out\0put"u8.ToArray());
        result.Error.ShouldBe("error\n");
        (await machine.RunAsync("kill -SEGV $$")).ExitCode.ShouldBe(128 + 11);

        var late = await machine.RunAsync("echo begun; sleep 1000 & sleep 1000", TimeSpan.FromSeconds(3));
        late.TimedOut.ShouldBeTrue();
        late.Output.ShouldBe("begun\n");
        (await machine.RunAsync("pgrep sleep")).ExitCode.ShouldBe(1, "a command that is killed takes its children with it");

        // Whoever leaves a process behind does not wait for it.
        (await machine.RunAsync("sleep 1000 & echo left", TimeSpan.FromSeconds(30))).TimedOut.ShouldBeFalse();
    }

    [Fact]
    public async Task Commands_run_side_by_side()
    {
        await using var machine = await prepared.ResumeAsync();
        var waiting = await machine.StartAsync("echo waits; until [ -e /tmp/go ]; do sleep 0.1; done; echo went");
        var flood = await machine.StartAsync("head -c 20000000 /dev/zero");
        await machine.SucceedAsync("touch /tmp/go");
        (await waiting.WithinAsync(TimeSpan.FromSeconds(60))).Output.ShouldBe("waits\nwent\n");
        (await flood.WithinAsync(TimeSpan.FromSeconds(60))).OutputBytes.Length.ShouldBe(20_000_000);
    }

    [Fact]
    public async Task Files_arrive_byte_for_byte()
    {
        await using var machine = await prepared.ResumeAsync();
        (await machine.SucceedAsync("cmp /payload/suture_v1.ko /root/modules/suture_v1.ko && stat -c %a /root/modules/suture_v1.ko")).ShouldBe("644\n");
        var bytes = RandomNumberGenerator.GetBytes(5_000_003);
        await machine.PutAsync("/srv/a place/it's", bytes, "600");
        (await machine.SucceedAsync("stat -c '%a %s' \"/srv/a place/it's\"")).ShouldBe("600 5000003\n");
        (await machine.GetAsync("/srv/a place/it's")).SequenceEqual(bytes).ShouldBeTrue();
        await machine.PutAsync("/srv/empty", default);
        (await machine.GetAsync("/srv/empty")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_reboot_is_a_new_boot_of_the_same_disk()
    {
        await using var machine = await prepared.ResumeAsync();
        var before = await machine.SucceedAsync("echo kept >/root/kept; touch /run/lost; cat /proc/sys/kernel/random/boot_id");
        var clock = Stopwatch.StartNew();
        await machine.RebootAsync("suture=off");
        (await machine.WaitUntilUpAsync()).ShouldBe("running");
        output.WriteLine($"reboot to running: {clock.Elapsed.TotalSeconds:0.0} s");
        (await machine.SucceedAsync("cat /proc/sys/kernel/random/boot_id")).ShouldNotBe(before);
        (await machine.SucceedAsync("cat /root/kept; ls /run/lost 2>&1 || true")).ShouldStartWith("kept\nls: cannot");
        (await machine.SucceedAsync("cat /proc/cmdline")).ShouldContain("suture=off");
        // The journal outlives the reboot.
        (await machine.SucceedAsync("journalctl --quiet --boot=-1 --lines=1 --output=export | grep -a ^_BOOT_ID")).Trim()
            .ShouldBe($"_BOOT_ID={before.Trim().Replace("-", "", StringComparison.Ordinal)}");
    }

    [Fact]
    public async Task A_power_cut_keeps_what_was_flushed_and_nothing_else()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SucceedAsync("head -c 3000000 /dev/urandom >/root/flushed; sync /root/flushed /root; sha256sum /root/flushed >/root/sum; sync /root/sum /root; echo x >/root/unflushed");
        var load = await machine.StartAsync("sleep 1000");
        await machine.PowerCutAsync();
        await Should.ThrowAsync<MachineEndedException>(() => load.Completion);
        await machine.BootAgainAsync("module.sig_enforce=1");
        await machine.SucceedAsync("sha256sum -c /root/sum");
        (await machine.SucceedAsync("cat /root/unflushed 2>/dev/null || true")).ShouldBeEmpty();
        (await machine.SucceedAsync("cat /sys/module/module/parameters/sig_enforce")).Trim().ShouldBe("Y");
    }

    [Fact]
    public async Task A_panic_ends_the_machine_and_is_on_the_console()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.StartAsync("echo c >/proc/sysrq-trigger");
        (await machine.EndsWithinAsync(TimeSpan.FromSeconds(60))).ShouldBeTrue();
        File.ReadAllText(machine.ConsoleLog).ShouldContain("sysrq triggered crash");
    }

    [Fact]
    public async Task Resumed_machines_know_nothing_of_each_other()
    {
        var clock = Stopwatch.StartNew();
        await using var one = await prepared.ResumeAsync("independent-1");
        output.WriteLine($"resumed: {clock.Elapsed.TotalSeconds:0.00} s");
        await one.SucceedAsync("echo one >/root/who; echo one >/run/who; sync");
        clock.Restart();
        await using var two = await prepared.ResumeAsync("independent-2");
        output.WriteLine($"resumed beside it: {clock.Elapsed.TotalSeconds:0.00} s");
        (await two.SucceedAsync("cat /root/who /run/who 2>/dev/null || true")).ShouldBeEmpty();
        await two.SucceedAsync("echo two >/root/who; sync");
        (await one.SucceedAsync("cat /root/who /run/who")).ShouldBe("one\none\n");
        var clockOfGuest = double.Parse(await two.SucceedAsync("date +%s"), System.Globalization.CultureInfo.InvariantCulture);
        (DateTimeOffset.UtcNow.ToUnixTimeSeconds() - clockOfGuest).ShouldBeInRange(-5, 5);
    }
}
