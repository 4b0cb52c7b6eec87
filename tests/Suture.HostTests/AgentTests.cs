using System.Globalization;
using Shouldly;
using Xunit;

namespace Suture.HostTests;

/// <summary>The agent keeps what is installed true, at little cost.</summary>
public sealed class AgentTests(PreparedMachine prepared, ITestOutputHelper output)
{
    private const int MostResidentKiB = 40 * 1024;

    [Fact]
    public async Task Applies_again_what_was_taken_off_behind_its_back()
    {
        await using var machine = await prepared.ResumeAsync();
        // node_exporter's directory is another user's.
        await machine.SucceedAsync("install -d -o nobody /var/lib/prometheus /var/lib/prometheus/node-exporter");
        await machine.SucceedAsync("sed -i 's/^#* *agent_interval.*//; $ a agent_interval = 2\\nwatch = 1' /etc/suture/suture.conf; systemctl restart suture-agent");
        await machine.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
        await machine.SucceedAsync("echo 0 > /sys/kernel/livepatch/suture_v1/enabled; while [ -e /sys/kernel/livepatch/suture_v1 ]; do sleep 0.05; done; for t in $(seq 50); do rmmod suture_v1 && break; sleep 0.1; done");
        await machine.SucceedAsync("for t in $(seq 300); do grep -q ^COMMITTED_AS: /proc/meminfo && exit 0; sleep 0.2; done; exit 1");
        await machine.SucceedAsync("for t in $(seq 100); do suture history | grep -q 'agent.*done' && exit 0; sleep 0.3; done; exit 1");
        (await machine.SucceedAsync("journalctl -t suture -b")).ShouldContain("applying it again");

        var metrics = await machine.SucceedAsync("perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => \"/run/suture/metrics.sock\") or die; print $s \"GET /metrics HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"; print <$s>'");
        metrics.ShouldContain("application/openmetrics-text");
        metrics.ShouldContain("suture_patch_applied{name=\"v1\",version=\"1\"");
        metrics.ShouldContain("suture_cve_fixed{cve=\"CVE-2026-10001\"} 1");
        metrics.TrimEnd().ShouldEndWith("# EOF");
        (await machine.SucceedAsync("systemctl show -P StatusText suture-agent")).ShouldContain("up to date");
        (await machine.SucceedAsync("runuser -u nobody -- cat /var/lib/prometheus/node-exporter/suture.prom")).ShouldContain("suture_patch_applied{name=\"v1\"");
    }

    [Fact]
    public async Task A_module_that_is_loaded_after_its_patch_is_patched()
    {
        await using var machine = await prepared.ResumeAsync();
        (await machine.SucceedAsync("lsmod")).ShouldNotContain("loop ");
        await machine.SutureAsync($"apply {GuestSuture.Ko("loop")} --watch 0");
        (await machine.StateOfAsync("loop")).ShouldBe("applied");
        const string offset = "head -c 1M /dev/zero > /tmp/disk; losetup -o 4096 /dev/loop0 /tmp/disk; cat /sys/block/loop0/loop/offset; losetup -d /dev/loop0";
        await machine.SucceedAsync("modprobe loop");
        (await machine.SucceedAsync(offset)).ShouldBe("4096 bytes\n");
        (await machine.SutureAsync("verify")).Output.ShouldNotContain("FAIL");

        // Gone and there again.
        await machine.SucceedAsync("for t in $(seq 50); do rmmod loop && break; sleep 0.1; done; modprobe loop");
        (await machine.SucceedAsync(offset)).ShouldBe("4096 bytes\n");
        await machine.SutureAsync("revert");
        (await machine.SucceedAsync(offset)).ShouldBe("4096\n");
    }

    [Fact]
    public async Task Idle_it_costs_little()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
        await machine.SucceedAsync("systemctl restart suture-agent; sleep 15");
        const string wakeUps = "p=$(systemctl show -P MainPID suture-agent); awk '/ctxt_switches/ { n += $2 } END { print n }' /proc/$p/task/*/status";
        var before = long.Parse(await machine.SucceedAsync(wakeUps), CultureInfo.InvariantCulture);
        await machine.SucceedAsync("sleep 30");
        var after = long.Parse(await machine.SucceedAsync(wakeUps), CultureInfo.InvariantCulture);
        var resident = int.Parse((await machine.SucceedAsync("awk '/^VmRSS/ { print $2 }' /proc/$(systemctl show -P MainPID suture-agent)/status")).Trim(), CultureInfo.InvariantCulture);
        output.WriteLine(await machine.SucceedAsync("grep Rss /proc/$(systemctl show -P MainPID suture-agent)/status; awk '/^[0-9a-f]+-/ { name = $6 } /^Rss:/ { sum[name] += $2 } END { for (n in sum) if (sum[n] > 500) print sum[n], n }' /proc/$(systemctl show -P MainPID suture-agent)/smaps | sort -rn | head -12"));
        output.WriteLine($"resident {resident} KiB; {after - before} context switches in 30 s of idleness (interval 60 s)");
        resident.ShouldBeLessThanOrEqualTo(MostResidentKiB);
        (after - before).ShouldBeLessThan(10);
    }

    [Fact]
    public async Task Cost_of_applying()
    {
        await using var machine = await prepared.ResumeAsync();
        const string now = "cut -d' ' -f1 /proc/uptime";
        var bare = await machine.SucceedAsync($"a=$({now}); insmod {GuestSuture.Ko("v1")}; while [ $(cat /sys/kernel/livepatch/suture_v1/transition) = 1 ]; do sleep 0.02; done; b=$({now}); echo $a $b; "
            + "echo 0 > /sys/kernel/livepatch/suture_v1/enabled; while [ -e /sys/kernel/livepatch/suture_v1 ]; do sleep 0.02; done; for t in $(seq 50); do rmmod suture_v1 && break; sleep 0.1; done");
        var full = await machine.SucceedAsync($"a=$({now}); suture apply {GuestSuture.Ko("v1")} --watch 0 >/dev/null; b=$({now}); echo $a $b");
        double Took(string text) => text.Split(' ', StringSplitOptions.TrimEntries).Take(2).Select(t => double.Parse(t, CultureInfo.InvariantCulture)).Aggregate((a, b) => b - a);
        output.WriteLine($"insmod and transition: {Took(bare):0.00} s; suture apply: {Took(full):0.00} s; ratio {Took(full) / Math.Max(Took(bare), 0.01):0.0}, overhead {Took(full) - Took(bare):0.00} s");
        Took(full).ShouldBeGreaterThan(0);
    }
}
