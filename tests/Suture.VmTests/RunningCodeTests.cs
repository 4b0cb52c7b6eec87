using System.Text.Json;
using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>
/// The code that runs is recognised as what the livepatch was built against, whatever the kernel itself changed in it, and a change by somebody
/// else is seen. That it is recognised plain, and under an applied livepatch, every example's trial shows.
/// </summary>
public sealed class RunningCodeTests
{
    public static TheoryData<string> Series => [.. Kernels.Series];

    [Theory]
    [MemberData(nameof(Series))]
    public void A_tracer_and_a_probe_on_the_entry_are_no_difference(string series)
    {
        var (exit, stages) = Try(series, """
            echo 'p:suture_test meminfo_proc_show' > kprobe_events && echo 1 > events/kprobes/suture_test/enable &&
              echo meminfo_proc_show > set_ftrace_filter && echo function > current_tracer
            """);
        exit.ShouldBe(0, string.Join('\n', stages));
        stages.Count(s => s.GetProperty("name").GetString() == "running-code").ShouldBe(2);
        stages.ShouldAllBe(s => s.GetProperty("ok").GetBoolean());
    }

    [Theory]
    [MemberData(nameof(Series))]
    public void A_probe_in_the_middle_is_a_difference(string series)
    {
        // The kernel takes probes only where an instruction begins; right behind the entry none of them is one that it rewrites itself.
        var (exit, stages) = Try(series, """
            for at in 9 10 11 12 13 14 15 16 17 18 19 20; do
              echo "p:suture_test meminfo_proc_show+$at" > kprobe_events && break
            done 2> /dev/null
            echo 1 > events/kprobes/suture_test/enable
            """);
        exit.ShouldBe(10, string.Join('\n', stages));
        var found = stages.Where(s => s.GetProperty("name").GetString() == "running-code").ToList();
        found.Count.ShouldBe(2);
        found.ShouldAllBe(s => !s.GetProperty("ok").GetBoolean() && s.GetProperty("detail").GetString()!.Contains("1 not what it was built against: meminfo_proc_show"));
    }

    /// <summary>Tries the livepatch of meminfo_proc_show in a guest in which <paramref name="arm"/> was done first, in tracefs.</summary>
    private static (int ExitCode, List<JsonElement> Stages) Try(string series, string arm)
    {
        var kernel = Kernels.Newest(series);
        var folder = Directory.CreateTempSubdirectory("suture-running-").FullName;
        var example = Example.All.Single(e => e.Kind == "a");
        var build = SutureProgram.Run("build", example.Patch(series)!, "--kernel", kernel, "--name", "running", "-o", folder, "--json");
        build.ExitCode.ShouldBe(0, build.ToString());
        var probe = Path.Combine(folder, "probe");
        File.WriteAllText(probe, $"""
            #!/bin/sh
            arm() {"{"}
            mount -t tracefs tracefs /sys/kernel/tracing && cd /sys/kernel/tracing || return 1
            {arm}
            {"}"}
            if [ ! -e /tmp/armed ]; then
              # Success is wrong before the livepatch is there, and ends the trial as failed.
              arm || exit 0
              : > /tmp/armed
            fi
            grep -q '^COMMITTED_AS: ' /proc/meminfo
            """);
        var lab = SutureProgram.Run("lab", "run", build.Json.GetProperty("module").GetString()!, "--kernel", kernel, "--probe", probe, "--json");
        return (lab.ExitCode, [.. lab.Json.GetProperty("stages").EnumerateArray()]);
    }
}
