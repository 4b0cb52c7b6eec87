using Shouldly;
using Suture.HostTests.Machine;
using Xunit;

namespace Suture.HostTests;

/// <summary>What does not fit is refused in words, and nothing is loaded.</summary>
public sealed class RefusalTests(PreparedMachine prepared)
{
    private static async Task RefusedAsync(DebianMachine machine, string arguments, int exit, string words)
    {
        var result = await machine.SutureAsync($"apply {arguments}", exit);
        result.Error.ShouldContain(words);
        (await machine.SucceedAsync("lsmod")).ShouldNotContain("suture_");
        (await machine.IsPatchedAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Files_that_do_not_fit()
    {
        await using var machine = await prepared.ResumeAsync();
        string Spoilt(string name) => $"{GuestSuture.Modules}/spoilt_{name}.ko";
        await RefusedAsync(machine, Spoilt("release"), 7, "this host runs");
        await RefusedAsync(machine, Spoilt("buildid"), 7, "another build");
        await RefusedAsync(machine, Spoilt("code"), 7, "in memory");
        await RefusedAsync(machine, Spoilt("truncated"), 8, "truncated");
        await RefusedAsync(machine, Spoilt("plain"), 8, "not a livepatch");
        await RefusedAsync(machine, "/etc/passwd", 8, "/etc/passwd");
        await RefusedAsync(machine, "/root/nothing.ko", 9, "no such file");
        await RefusedAsync(machine, "nothing", 9, "no patch nothing is installed");
        TestModules.UnseenFlips.ShouldBeEmpty();
        for (var i = 0; i < TestModules.Flips; i++)
        {
            await RefusedAsync(machine, Spoilt($"flip{i}"), 8, "");
        }
        (await machine.SutureJsonAsync("history --limit 100")).GetProperty("operations").EnumerateArray().ShouldAllBe(l => l.GetProperty("outcome").GetString() == "refused");
    }

    [Fact]
    public async Task Files_that_others_could_change()
    {
        await using var machine = await prepared.ResumeAsync();
        var ko = GuestSuture.Ko("v1");
        await machine.SucceedAsync($"install -d /srv/a && install -m 0644 {ko} /srv/a/x.ko && ln -s /srv/a/x.ko /srv/link.ko");
        await RefusedAsync(machine, "/srv/link.ko", 9, "symbolic link");
        await machine.SucceedAsync("chown nobody /srv/a/x.ko");
        await RefusedAsync(machine, "/srv/a/x.ko", 9, "belongs to user");
        await machine.SucceedAsync("chown root /srv/a/x.ko; chmod 666 /srv/a/x.ko");
        await RefusedAsync(machine, "/srv/a/x.ko", 9, "mode 666");
        await machine.SucceedAsync("chmod 644 /srv/a/x.ko; chmod 777 /srv/a");
        await RefusedAsync(machine, "/srv/a/x.ko", 9, "/srv/a can be written");
        await machine.SucceedAsync("chmod 755 /srv/a; chown nobody /srv/a");
        await RefusedAsync(machine, "/srv/a/x.ko", 9, "/srv/a belongs to user");
        await machine.SucceedAsync("chown root /srv/a");

        // Exchanged between check and load.
        foreach (var exchange in new[] { "ln -sf /root/other.ko /srv/a/x.ko", $"install -m 0644 {GuestSuture.Ko("v2")} /srv/a/x.ko.new && mv /srv/a/x.ko.new /srv/a/x.ko" })
        {
            await machine.SucceedAsync($"rm -f /run/go* /srv/a/x.ko; install -m 0644 {ko} /srv/a/x.ko");
            var applying = await machine.StartAsync("SUTURE_FAULT=apply.checked:pause SUTURE_FAULT_GO=/run/go suture apply /srv/a/x.ko");
            await machine.SucceedAsync($"until [ -e /run/go.reached ]; do sleep 0.1; done; {exchange}; touch /run/go");
            var result = await applying.WithinAsync(TimeSpan.FromMinutes(2));
            result.ExitCode.ShouldBe(9, result.ToString());
            result.Error.ShouldContain("exchanged");
            (await machine.SucceedAsync("lsmod")).ShouldNotContain("suture_");
        }
    }

    [Fact]
    public async Task A_host_that_is_not_fit()
    {
        await using var machine = await prepared.ResumeAsync();
        var v1 = GuestSuture.Ko("v1");
        await machine.SucceedAsync("sysctl -w kernel.ftrace_enabled=0");
        await RefusedAsync(machine, v1, 9, "ftrace_enabled");
        (await machine.SutureAsync("doctor", 9)).Output.ShouldContain("sysctl kernel.ftrace_enabled=1");
        await machine.SucceedAsync("sysctl -w kernel.ftrace_enabled=1");

        await machine.SucceedAsync("mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug; mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing; "
            + "echo p:suture_test meminfo_proc_show > /sys/kernel/tracing/kprobe_events; echo 1 > /sys/kernel/tracing/events/kprobes/suture_test/enable");
        await RefusedAsync(machine, v1, 9, "kprobe");
        await machine.SucceedAsync("echo 0 > /sys/kernel/tracing/events/kprobes/suture_test/enable; echo > /sys/kernel/tracing/kprobe_events");

        // Someone else's livepatch on the same function.
        await machine.SucceedAsync($"insmod {GuestSuture.Ko("alone_a")}; while [ $(cat /sys/kernel/livepatch/suture_alone_a/transition) = 1 ]; do sleep 0.1; done");
        (await machine.SutureAsync($"apply {v1}", 9)).Error.ShouldContain("suture_alone_a");
        (await machine.SutureAsync("status", 11)).Output.ShouldContain("Suture did not apply");
        await machine.SucceedAsync("echo 0 > /sys/kernel/livepatch/suture_alone_a/enabled; while [ -e /sys/kernel/livepatch/suture_alone_a ]; do sleep 0.1; done; sleep 1; rmmod suture_alone_a");

        // Our own, which does not replace.
        await machine.SutureAsync($"apply {GuestSuture.Ko("alone_a")} --watch 0");
        var second = await machine.SutureAsync($"apply {GuestSuture.Ko("alone_b")}", 9);
        second.Error.ShouldContain("meminfo_proc_show");
        second.Error.ShouldContain("already patched by livepatch suture_alone_a");
        await machine.SutureAsync("revert");
    }

    [Fact]
    public async Task Unsigned_where_signatures_are_enforced()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.RebootAsync("module.sig_enforce=1");
        await RefusedAsync(machine, GuestSuture.Ko("v1"), 8, "module.sig_enforce=1");
        // What a key signed that this kernel does not know is the kernel's to refuse.
        await RefusedAsync(machine, $"{GuestSuture.Modules}/spoilt_signed.ko", 8, "EKEYREJECTED");
        (await machine.SutureAsync("doctor")).Output.ShouldContain("WARN modules");
    }
}
