using Shouldly;
using Xunit;

namespace Suture.HostTests;

/// <summary>What an administrator does on an ordinary day.</summary>
public sealed class FlowTests(PreparedMachine prepared, ITestOutputHelper output)
{
    [Fact]
    public async Task Applied_kept_across_a_reboot_and_taken_back()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SutureAsync("status", 11);
        (await machine.IsPatchedAsync()).ShouldBeFalse();

        var applied = await machine.SutureJsonAsync($"apply {GuestSuture.Ko("v1")} --watch 2");
        applied.GetProperty("result").GetString().ShouldBe("done");
        (await machine.IsPatchedAsync()).ShouldBeTrue();
        var status = await machine.SutureJsonAsync("status");
        status.GetProperty("state").GetString().ShouldBe("up-to-date");
        var patch = status.GetProperty("patches").EnumerateArray().ShouldHaveSingleItem();
        patch.GetProperty("cves").EnumerateArray().Select(c => c.GetString()).ShouldBe(["CVE-2026-10001"]);
        (await machine.SutureAsync("uname")).Output.ShouldContain("+ v1 1");
        (await machine.SutureAsync("list")).Output.ShouldContain("CVE-2026-10001");
        (await machine.SutureAsync("verify")).Output.ShouldNotContain("FAIL");
        (await machine.SutureAsync($"apply {GuestSuture.Ko("v1")}", 3)).Output.ShouldContain("already applied");
        var operation = (await machine.SutureJsonAsync("history")).GetProperty("operations").EnumerateArray().ShouldHaveSingleItem();
        (operation.GetProperty("verb").GetString(), operation.GetProperty("patch").GetString(), operation.GetProperty("outcome").GetString()).ShouldBe(("apply", "v1", "done"));
        // The test's commands come from a service, without a login.
        operation.GetProperty("who").GetString().ShouldBe("system (as root)");
        operation.GetProperty("durationMs").GetInt64().ShouldBeGreaterThan(operation.GetProperty("transitionMs").GetInt64());
        var now = DateTimeOffset.FromUnixTimeSeconds(long.Parse(await machine.SucceedAsync("date +%s")));
        operation.GetProperty("at").GetDateTimeOffset().ShouldBeInRange(now - TimeSpan.FromMinutes(5), now + TimeSpan.FromSeconds(1));
        // A service that asks for no more than network services do: behind network-pre.target.
        await machine.SucceedAsync("""
            printf '[Unit]\nDefaultDependencies=no\nAfter=network-pre.target\nBefore=network.target\n[Service]\nType=oneshot\nExecStart=cp /proc/meminfo /root/early\n[Install]\nWantedBy=network.target multi-user.target\n' > /etc/systemd/system/early.service
            systemctl enable early.service
            """);

        await machine.RebootAsync();
        await machine.WaitUntilUpAsync();
        (await machine.IsPatchedAsync()).ShouldBeTrue();
        (await machine.SucceedAsync("grep -c ^COMMITTED_AS: /root/early")).Trim().ShouldBe("1");
        var order = await machine.SucceedAsync("for u in suture-boot.service network-pre.target network.target; do systemctl show -P ActiveEnterTimestampMonotonic $u; done");
        output.WriteLine($"suture-boot, network-pre, network (µs since boot): {order.ReplaceLineEndings(" ")}");
        var times = order.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse).ToList();
        times[0].ShouldBeGreaterThan(0);
        times[0].ShouldBeLessThanOrEqualTo(times[1]);
        (await machine.SucceedAsync("systemctl is-system-running")).Trim().ShouldBe("running");

        await machine.SutureAsync("revert");
        (await machine.IsPatchedAsync()).ShouldBeFalse();
        await machine.SutureAsync("status", 11);
        await machine.RebootAsync();
        await machine.WaitUntilUpAsync();
        (await machine.IsPatchedAsync()).ShouldBeFalse();
        (await machine.SucceedAsync("lsmod")).ShouldNotContain("suture_");
    }

    [Fact]
    public async Task Switched_off_at_boot()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
        await machine.RebootAsync("suture=off");
        await machine.WaitUntilUpAsync();
        (await machine.IsPatchedAsync()).ShouldBeFalse();
        (await machine.SutureAsync("status", 12)).Output.ShouldContain("suture=off");
        (await machine.SutureAsync("apply v1", 9)).Error.ShouldContain("switched off");
        await machine.RebootAsync();
        await machine.WaitUntilUpAsync();
        (await machine.IsPatchedAsync()).ShouldBeTrue();

        // The other switch, a file. What is applied stays; nothing is applied.
        await machine.SucceedAsync("touch /etc/suture/disabled; systemctl restart suture-boot suture-agent");
        (await machine.SucceedAsync("systemctl show -P ConditionResult suture-boot suture-agent")).Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["no", "no"]);
        (await machine.SutureAsync($"apply {GuestSuture.Ko("v2")}", 9)).Error.ShouldContain("/etc/suture/disabled");
        (await machine.SutureAsync("status")).Output.ShouldContain("/etc/suture/disabled");
        await machine.SutureAsync("revert");
        (await machine.IsPatchedAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Replaced_in_one_transition_under_load()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.PutAsync("/root/load.pl", LoadProgram.Bytes, "755");
        var bare = await LoadProgram.RunAsync(machine, TimeSpan.FromSeconds(8), _ => Task.CompletedTask);
        var patched = await LoadProgram.RunAsync(machine, TimeSpan.FromSeconds(8), async m =>
        {
            await m.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
            await m.SutureAsync($"apply {GuestSuture.Ko("v2")} --watch 0");
        });
        output.WriteLine($"without patch: {bare}\nwhile two versions were applied: {patched}");
        (await machine.StateOfAsync("v2")).ShouldBe("applied");
        (await machine.StateOfAsync("v1")).ShouldBe("replaced");
        (await machine.SucceedAsync("lsmod")).ShouldNotContain("suture_v1");
        (await machine.SucceedAsync("grep -c ^COMMITLIMIT: /proc/meminfo")).Trim().ShouldBe("1");
        // And back to the older one, in one transition too.
        await machine.SutureAsync("revert --to v1");
        (await machine.StateOfAsync("v1")).ShouldBe("applied");
        (await machine.SucceedAsync("grep -c ^CommitLimit: /proc/meminfo")).Trim().ShouldBe("1");
    }

    [Fact]
    public async Task Fifty_times_under_load()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SutureAsync($"apply {GuestSuture.Ko("cycle")} --watch 0");
        await machine.SutureAsync("revert");
        // Code and data of modules are vmalloc's; all else that the kernel keeps is in the sum.
        const string memory = "sync; echo 3 > /proc/sys/vm/drop_caches; awk '/^VmallocUsed/ { modules = $2 } /^(SUnreclaim|VmallocUsed|KernelStack|PageTables)/ { sum += $2 } END { print modules, sum }' /proc/meminfo";
        async Task<(long Modules, long All)> MemoryAsync() =>
            (await machine.SucceedAsync(memory)).Split(' ').Select(long.Parse).ToArray() is [var modules, var all] ? (modules, all) : throw new FormatException(memory);
        var before = await MemoryAsync();
        await machine.PutAsync("/root/load.pl", LoadProgram.Bytes, "755");
        var gaps = await LoadProgram.RunAsync(machine, TimeSpan.Zero, _ => AllCyclesAsync(), gently: true);
        var after = await MemoryAsync();
        output.WriteLine($"{gaps}; kernel memory: {before.All} kB before, {after.All} kB after, of that vmalloc {before.Modules} and {after.Modules}");
        // A module that stays behind each time would take 28 kB and more, fifty times.
        (after.Modules - before.Modules).ShouldBeLessThan(512);
        (after.All - before.All).ShouldBeLessThan(8 * 1024);
        (await machine.KernelLogAsync()).ShouldNotMatch("WARNING:|BUG:|Oops|Call Trace");

        async Task AllCyclesAsync()
        {
            // Emulated, suture itself takes ten seconds a cycle: except in the long run it makes the first and the last, and the cycles between use the kernel's interface as it does.
            var own = GuestSuture.IsLong ? 25 : 1;
            await CyclesAsync(own);
            await machine.SucceedAsync($$"""
                set -e
                for i in $(seq {{50 - (2 * own)}}); do
                  insmod {{GuestSuture.Ko("cycle")}}
                  while [ $(cat /sys/kernel/livepatch/suture_cycle/transition) = 1 ]; do sleep 0.05; done
                  grep -q '^Read .* times since patched' /proc/version
                  echo 0 > /sys/kernel/livepatch/suture_cycle/enabled
                  while [ -e /sys/kernel/livepatch/suture_cycle ]; do sleep 0.05; done
                  for try in $(seq 50); do rmmod suture_cycle 2>/dev/null && break; sleep 0.05; done
                done
                """, TimeSpan.FromMinutes(12));
            await CyclesAsync(own);
        }

        async Task CyclesAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                await machine.SutureAsync("apply cycle --watch 0");
                await machine.SutureAsync("revert");
            }
        }
    }

    [Fact]
    public async Task A_task_inside_a_target_stalls_it_is_named_and_all_is_as_before()
    {
        await using var machine = await prepared.ResumeAsync();
        await machine.SucceedAsync("mkfifo /tmp/fifo");
        var sleeper = await machine.StartAsync("exec 3<>/tmp/fifo; exec cat <&3");
        await machine.SucceedAsync("until pgrep -x cat && grep -q pipe_read /proc/$(pgrep -x cat)/stack; do sleep 0.1; done");

        var stalled = await machine.SutureAsync($"apply {GuestSuture.Ko("pipe")} --timeout 4", 9);
        stalled.Error.ShouldContain("cat");
        stalled.Error.ShouldContain("-> pipe_read");
        (await machine.SucceedAsync("lsmod")).ShouldNotContain("suture_pipe");
        (await machine.StateOfAsync("pipe")).ShouldBe("installed");

        // Released in time it completes.
        var patient = await machine.StartAsync("suture apply pipe --timeout 60 --watch 0");
        await machine.SucceedAsync("until [ -e /sys/kernel/livepatch/suture_pipe ]; do sleep 0.1; done");
        var status = await machine.RunAsync("suture status");
        status.ExitCode.ShouldBe(14, status.ToString());
        status.Output.ShouldContain("cat");
        status.Output.ShouldContain("-> pipe_read");
        await sleeper.KillAsync();
        (await patient.WithinAsync(TimeSpan.FromMinutes(2))).ExitCode.ShouldBe(0);
        (await machine.StateOfAsync("pipe")).ShouldBe("applied");
    }
}
