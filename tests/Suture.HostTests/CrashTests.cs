using Shouldly;
using Suture.Host;
using Xunit;

namespace Suture.HostTests;

/// <summary>Killed, without power, out of room: afterwards the status is true, the next command works, nothing is half applied.</summary>
public sealed class CrashTests(PreparedMachine prepared, ITestOutputHelper output)
{
    private static IReadOnlyList<string> Steps => GuestSuture.IsLong ? FaultPoint.Steps
        : ["apply.copied", "apply.loaded", "apply.recorded", "revert.unwanted", "revert.disabled", "boot.loaded", "boot.recorded", "state.kept", "history.torn"];

    [Fact]
    public async Task Killed_at_any_step()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SucceedAsync("systemctl stop suture-agent");
        await machine.SucceedAsync("sed -i '/boot_watch/d; $ a boot_watch = 1' /etc/suture/suture.conf");
        var operations = 0;
        var history = "";
        var (applied, other) = ("v1", "v2");
        await machine.SutureAsync($"apply {GuestSuture.Ko(applied)} --watch 0");
        foreach (var step in Steps)
        {
            // What is about apply replaces one version by the other, back and forth; the rest goes its own way.
            var command = step.Split('.')[0] switch { "revert" => $"revert {applied}", "boot" => "boot", _ => $"apply {GuestSuture.Ko(other)} --watch 0" };
            if (command == "boot")
            {
                // As after a reboot: wanted, and not there.
                await machine.SucceedAsync($"p=suture_{applied}; echo 0 > /sys/kernel/livepatch/$p/enabled; while [ -e /sys/kernel/livepatch/$p ]; do sleep 0.05; done; for t in $(seq 50); do rmmod $p && exit; sleep 0.1; done");
            }
            if (step is "apply.copied" or "apply.listed")
            {
                // What is in the store already is not copied; whether it is there depends on the steps before.
                await machine.SucceedAsync($"! suture list | grep -qw {other} || suture remove {other}");
            }
            var killed = await machine.RunAsync($"SUTURE_FAULT={step} suture {command}");
            killed.ExitCode.ShouldBe(137, $"{step}: {killed}");
            operations++;
            await machine.SucceedAsync("for t in $(seq 200); do cat /sys/kernel/livepatch/*/transition 2>/dev/null | grep -q 1 || break; sleep 0.1; done");
            await machine.StatusIsTrueAsync();
            var next = await machine.RunAsync($"suture {command}", TimeSpan.FromMinutes(3));
            next.ExitCode.ShouldBeOneOf([0, 3], $"{step}: {next}");
            await machine.StatusIsTrueAsync();
            if (command.StartsWith("apply", StringComparison.Ordinal))
            {
                (applied, other) = (other, applied);
            }
            else if (command.StartsWith("revert", StringComparison.Ordinal))
            {
                await machine.SutureAsync($"apply {applied} --watch 0");
            }
            (await machine.SucceedAsync("lsmod | awk '/^suture_/ { print $1 }'")).Trim().ShouldBe($"suture_{applied}", step);
            history = await machine.HistoryIsWholeAsync(atLeast: operations, history);
        }
        (await machine.SutureAsync("verify")).Output.ShouldNotContain("FAIL");
        (await machine.SucceedAsync("find /var/lib/suture -name '*.tmp' -o -name '*.next'")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Killed_while_a_transition_waits()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SucceedAsync("systemctl stop suture-agent; mkfifo /tmp/fifo");
        foreach (var (command, state) in new[] { ($"apply {GuestSuture.Ko("pipe")} --watch 0", "applied"), ("revert pipe", "reverted") })
        {
            var sleeper = await machine.StartAsync("exec 3<>/tmp/fifo; exec cat <&3");
            await machine.SucceedAsync("until pgrep -x cat && grep -q pipe_read /proc/$(pgrep -x cat)/stack; do sleep 0.1; done");
            await machine.StartAsync($"exec suture {command} --timeout 100");
            await machine.SucceedAsync("until [ \"$(cat /sys/kernel/livepatch/suture_pipe/transition 2>/dev/null)\" = 1 ]; do sleep 0.1; done; sleep 1; pkill -9 -x suture");
            (await machine.SucceedAsync("cat /sys/kernel/livepatch/suture_pipe/transition")).Trim().ShouldBe("1");
            var waiting = await machine.SutureAsync("status", 14);
            waiting.Output.ShouldContain("-> pipe_read");
            await sleeper.KillAsync();
            await machine.SucceedAsync("for t in $(seq 200); do cat /sys/kernel/livepatch/*/transition 2>/dev/null | grep -q 1 || break; sleep 0.1; done");
            await machine.StatusIsTrueAsync();
            var next = await machine.RunAsync($"suture {command}", TimeSpan.FromMinutes(3));
            next.ExitCode.ShouldBeOneOf([0, 3], next.ToString());
            (await machine.StateOfAsync("pipe")).ShouldBe(state);
            await machine.StatusIsTrueAsync();
        }
        (await machine.SucceedAsync("lsmod")).ShouldNotContain("suture_");
        await machine.HistoryIsWholeAsync(atLeast: 2);
    }

    [Fact]
    public async Task Power_fails_at_any_moment()
    {
        await using var machine = await prepared.ResumeAsync();
        var moments = new Random(20261122);
        var history = "";
        for (var i = 0; i < (GuestSuture.IsLong ? 10 : 3); i++)
        {
            var verb = (i % 3) switch { 0 => $"suture apply {GuestSuture.Ko("v1")} --watch 0 --again", 1 => $"suture apply {GuestSuture.Ko("v2")} --watch 0 --again", _ => "suture revert" };
            await machine.StartAsync($"while true; do {verb}; {(verb.Contains("revert", StringComparison.Ordinal) ? $"suture apply {GuestSuture.Ko("v1")} --watch 0 --again" : "suture revert")}; done");
            await Task.Delay(moments.Next(500, 9000), TestContext.Current.CancellationToken);
            await machine.PowerCutAsync();
            await machine.BootAgainAsync();
            await machine.SucceedAsync("systemctl start suture-boot.service; for t in $(seq 100); do cat /sys/kernel/livepatch/*/transition 2>/dev/null | grep -q 1 || break; sleep 0.1; done");
            await machine.StatusIsTrueAsync();
            var next = await machine.RunAsync($"suture apply {GuestSuture.Ko("v1")} --watch 0 --again");
            next.ExitCode.ShouldBeOneOf([0, 3], $"{i}: {next}");
            await machine.StatusIsTrueAsync();
            history = await machine.HistoryIsWholeAsync(atLeast: i, history);
        }
        output.WriteLine($"history: {await machine.SucceedAsync("wc -l < /var/lib/suture/history.jsonl")}");
    }

    [Fact]
    public async Task A_full_disk()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SucceedAsync("mkdir -p /var/lib/suture && systemctl stop suture-agent && mount -t tmpfs -o size=1M,mode=700 none /var/lib/suture");
        await machine.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
        await machine.SucceedAsync("head -c 2000000 /dev/zero > /var/lib/suture/filler || true");
        var refused = await machine.RunAsync($"suture apply {GuestSuture.Ko("v2")} --watch 0");
        refused.ExitCode.ShouldBe(9, refused.ToString());
        refused.Error.ShouldContain("/var/lib/suture");
        await machine.StatusIsTrueAsync();
        (await machine.StateOfAsync("v1")).ShouldBe("applied");
        await machine.SucceedAsync("rm /var/lib/suture/filler");
        await machine.SutureAsync($"apply {GuestSuture.Ko("v2")} --watch 0");
        await machine.StatusIsTrueAsync();
        // Full between loading and recording: room was kept. Without that room, what was replaced is gone from the kernel, so what replaced it stays.
        foreach (var (patch, meanwhile, exit, told) in new[] { ("guide", "true", 0, "guide is applied"), ("v1", "rm /var/lib/suture/room.tmp", 9, "could not be recorded") })
        {
            var applying = await machine.StartAsync($"SUTURE_FAULT=apply.loaded:pause SUTURE_FAULT_GO=/run/go suture apply {GuestSuture.Ko(patch)} --watch 0");
            await machine.SucceedAsync($"until [ -e /run/go.reached ]; do sleep 0.1; done; {meanwhile}; head -c 2000000 /dev/zero > /var/lib/suture/filler; touch /run/go");
            var full = await applying.WithinAsync(TimeSpan.FromMinutes(2));
            full.ExitCode.ShouldBe(exit, full.ToString());
            full.ToString().ShouldContain(told);
            await machine.StatusIsTrueAsync();
            (await machine.StateOfAsync(patch)).ShouldBe("applied");
            await machine.SucceedAsync("rm /var/lib/suture/filler /run/go*");
        }
        await machine.SutureAsync("apply v1 --watch 0", 3);
        await machine.SutureAsync("apply v2 --watch 0");
        await machine.SutureAsync("apply v1 --watch 0");
        await machine.StatusIsTrueAsync();
    }

    [Theory]
    [InlineData("truncate -s 100 /var/lib/suture/state.json")]
    [InlineData("head -c 3000 /dev/urandom > /var/lib/suture/state.json")]
    [InlineData("head -c 3000 /dev/urandom | tee /var/lib/suture/state.json > /var/lib/suture/state.json~")]
    public async Task A_damaged_state_file(string damage)
    {
        await using var machine = await prepared.ResumeAsync($"damaged-{damage.Length}");
        await machine.SucceedAsync("systemctl stop suture-agent");
        await machine.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
        await machine.SucceedAsync(damage);
        (await machine.RunAsync("suture status")).Output.ShouldContain("damaged");
        await machine.StatusIsTrueAsync();
        await machine.SutureAsync($"apply {GuestSuture.Ko("v2")} --watch 0");
        await machine.StatusIsTrueAsync();
        (await machine.SutureAsync("status")).Output.ShouldNotContain("damaged");
        await machine.SutureAsync("revert");
        // Damaged once more, and down before any command could mend it: the boot brings nothing back that was reverted, and calls nothing a crash.
        await machine.SucceedAsync($"{damage}; sync");
        await machine.RebootAsync();
        await machine.WaitUntilUpAsync();
        (await machine.SucceedAsync("lsmod")).ShouldNotContain("suture_");
        (await machine.RunAsync("suture status")).Output.ShouldNotContain("quarantine");
        await machine.HistoryIsWholeAsync(atLeast: 3);
    }
}
