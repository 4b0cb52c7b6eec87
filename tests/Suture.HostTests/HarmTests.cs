using System.Diagnostics;
using Shouldly;
using Xunit;

namespace Suture.HostTests;

/// <summary>Patches that do harm are not loaded twice.</summary>
public sealed class HarmTests(PreparedMachine prepared, ITestOutputHelper output)
{
    [Fact]
    public async Task A_patch_that_panics_is_not_loaded_at_the_next_boot()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.StartAsync($"suture apply {GuestSuture.Ko("panic")}");
        (await machine.EndsWithinAsync(TimeSpan.FromMinutes(2))).ShouldBeTrue();
        File.ReadAllText(machine.ConsoleLog).ShouldContain("suture test: this patch panics");

        await machine.BootAgainAsync();
        await machine.WaitUntilUpAsync();
        (await machine.SucceedAsync("lsmod")).ShouldNotContain("suture_");
        var status = await machine.SutureAsync("status", 11);
        status.Output.ShouldContain("quarantined");
        status.Output.ShouldContain("the machine went down while it was being applied");
        (await machine.SutureAsync("apply panic", 9)).Error.ShouldContain("--again");
        (await machine.SutureAsync("history")).Output.ShouldContain("quarantined");
    }

    [Fact]
    public async Task A_patch_that_panics_at_boot_is_not_loaded_at_the_next()
    {
        await using var machine = await prepared.ResumeAsync();
        // Applied by hand it would panic at once: its entry is made as if it had been well until now.
        await machine.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
        await machine.SucceedAsync("""
            systemctl stop suture-agent
            mkdir -p /run/systemd/system/suture-boot.service.d
            mkdir -p /etc/systemd/system/suture-boot.service.d
            printf '[Service]\nEnvironment=SUTURE_FAULT=boot.loaded:pause SUTURE_FAULT_GO=/run/never\n' > /etc/systemd/system/suture-boot.service.d/test.conf
            sync
            """);
        // The boot stops when the module has been loaded, and the power goes.
        await machine.RebootAsync();
        await machine.SucceedAsync("until [ -e /run/never.reached ]; do sleep 0.1; done");
        await machine.PowerCutAsync();
        await machine.BootAgainAsync();
        await machine.WaitUntilUpAsync();
        (await machine.IsPatchedAsync()).ShouldBeFalse();
        (await machine.SutureAsync("status", 11)).Output.ShouldContain("the machine went down after it was applied at boot");
        (await machine.SucceedAsync("journalctl -u suture-boot.service -b")).ShouldContain("quarantine");
    }

    [Fact]
    public async Task A_warning_of_the_kernel_takes_the_patch_back()
    {
        await using var machine = await prepared.ResumeAsync();
        var result = await machine.SutureAsync($"apply {GuestSuture.Ko("warn")}", 15);
        result.Error.ShouldContain("kernel log, warning");
        (await machine.IsPatchedAsync()).ShouldBeFalse();
        (await machine.StateOfAsync("warn")).ShouldBe("quarantined");
        (await machine.SucceedAsync("journalctl -t suture -b")).ShouldContain("quarantine");
    }

    [Fact]
    public async Task A_failing_health_check_takes_the_patch_back_in_time()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SucceedAsync("""
            printf '#!/bin/sh\ngrep -q ^Committed_AS: /proc/meminfo || exec sleep 1000\n' > /etc/suture/health.d/capitals
            chmod 755 /etc/suture/health.d/capitals
            sed -i 's/^#* *health_timeout.*/health_timeout = 3/' /etc/suture/suture.conf
            grep -q '^health_timeout = 3' /etc/suture/suture.conf || echo 'health_timeout = 3' >> /etc/suture/suture.conf
            """);
        var clock = Stopwatch.StartNew();
        var result = await machine.SutureJsonAsync($"apply {GuestSuture.Ko("v1")}", 15);
        output.WriteLine($"applied, found unhealthy and taken back in {clock.Elapsed.TotalSeconds:0.0} s, transition {result.GetProperty("transitionMs")} ms");
        result.GetProperty("message").GetString()!.ShouldContain("did not end within 3 s");
        (await machine.IsPatchedAsync()).ShouldBeFalse();
        // From patched to the way back: the check's time-out and at most five seconds, by the guest's own clock. How long the kernel then takes is told.
        async Task<double> WhenAsync(string what) => double.Parse(
            await machine.SucceedAsync($"dmesg | sed -n \"s/^\\[ *\\([0-9.]*\\)\\].*livepatch: 'suture_v1': {what}.*/\\1/p\""), System.Globalization.CultureInfo.InvariantCulture);
        var patched = await WhenAsync("patching complete");
        var (back, reverted) = (await WhenAsync("starting unpatching") - patched, await WhenAsync("unpatching complete") - patched);
        output.WriteLine($"patched to going back: {back:0.0} s, to reverted: {reverted:0.0} s");
        back.ShouldBeLessThan(3 + 5);
        if (GuestSuture.IsLong)
        {
            // Alone on the machine the transition, which is the kernel's own, is in it too.
            reverted.ShouldBeLessThan(3 + 5);
        }
    }

    [Fact]
    public async Task What_takes_long_at_boot_keeps_nobody_out()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
        await machine.SucceedAsync("""
            mkdir -p /etc/systemd/system/suture-boot.service.d
            printf '[Service]\nEnvironment=SUTURE_FAULT=boot.loaded:pause SUTURE_FAULT_GO=/run/go\n' > /etc/systemd/system/suture-boot.service.d/test.conf
            """);
        await machine.RebootAsync();
        (await machine.WaitUntilUpAsync()).ShouldBe("running");
        await machine.SucceedAsync("test -e /run/go.reached && test ! -e /run/go");
        var times = (await machine.SucceedAsync("for p in ExecMainStartTimestampMonotonic ActiveEnterTimestampMonotonic; do systemctl show -P $p suture-boot.service; done; systemctl show -P ActiveEnterTimestampMonotonic multi-user.target"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(t => long.Parse(t, System.Globalization.CultureInfo.InvariantCulture) / 1e6).ToList();
        output.WriteLine($"suture-boot begins at {times[0]:0.0} s, lets the boot go on at {times[1]:0.0} s; multi-user at {times[2]:0.0} s");
        (times[1] - times[0]).ShouldBeInRange(25, 45);
        // It goes on beside the boot, and completes.
        await machine.SucceedAsync("touch /run/go; for t in $(seq 100); do suture status --json | grep -q '\"applied\"' && exit 0; sleep 0.3; done; exit 1");
        (await machine.IsPatchedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task Harm_that_is_found_at_boot_takes_the_patch_back()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
        // One check is well in the end, for services may still be starting; the other sees what the patch does.
        await machine.SucceedAsync("""
            printf '#!/bin/sh\n[ $(cut -d. -f1 /proc/uptime) -gt 12 ] || exit 1\n' > /etc/suture/health.d/late
            printf '#!/bin/sh\n[ "$SUTURE_STAGE" != boot ] || runuser -u nobody -- grep -q ^Committed_AS: /proc/meminfo\n' > /etc/suture/health.d/capitals
            chmod 755 /etc/suture/health.d/*a*
            sed -i '$ a boot_watch = 15' /etc/suture/suture.conf
            """);
        await machine.RebootAsync();
        await machine.SucceedAsync("for t in $(seq 200); do suture status | grep -q quarantined && exit 0; sleep 0.5; done; exit 1");
        (await machine.IsPatchedAsync()).ShouldBeFalse();
        (await machine.SutureAsync("status", 11)).Output.ShouldContain("health check capitals");
        (await machine.SucceedAsync("journalctl -t suture -b")).ShouldContain("quarantine");
        (await machine.WaitUntilUpAsync()).ShouldBe("running", "a boot goes on whatever becomes of patches");
    }
}
