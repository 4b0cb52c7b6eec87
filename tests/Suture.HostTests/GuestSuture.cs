using System.Text.Json;
using Shouldly;
using Suture.HostTests.Machine;

namespace Suture.HostTests;

/// <summary>The <c>suture</c> command in the guest, used as an administrator does.</summary>
internal static class GuestSuture
{
    /// <summary>Where the modules lie in the guest, root's own.</summary>
    public const string Modules = "/root/modules";

    /// <summary>Whether all is tried (./test Long) rather than a sample: an emulated machine takes half a minute for a step and a minute for a boot.</summary>
    public static bool IsLong => Environment.GetEnvironmentVariable("SUTURE_LONG") == "1";

    /// <summary>Path of a module in the guest.</summary>
    public static string Ko(string name) => $"{Modules}/suture_{name}.ko";

    /// <summary>Runs <c>suture</c>; the exit code must be <paramref name="exit"/>.</summary>
    public static async Task<CommandResult> SutureAsync(this DebianMachine machine, string arguments, int exit = 0)
    {
        var result = await machine.RunAsync($"suture {arguments}", TimeSpan.FromMinutes(4));
        result.ExitCode.ShouldBe(exit, $"{result}\nconsole: {machine.ConsoleLog}");
        return result;
    }

    /// <summary>The one JSON document of a verb.</summary>
    public static async Task<JsonElement> SutureJsonAsync(this DebianMachine machine, string arguments, int exit = 0) =>
        JsonDocument.Parse((await machine.SutureAsync($"{arguments} --json", exit)).Output).RootElement;

    /// <summary>Whether the guest's kernel runs v1 or one built from it.</summary>
    public static async Task<bool> IsPatchedAsync(this DebianMachine machine) => (await machine.RunAsync("grep -q ^COMMITTED_AS: /proc/meminfo")).ExitCode == 0;

    /// <summary>How a patch stands, by <c>suture status</c>; null when it is not installed.</summary>
    public static async Task<string?> StateOfAsync(this DebianMachine machine, string patch)
    {
        var status = JsonDocument.Parse((await machine.RunAsync("suture status --json")).Output).RootElement;
        return status.GetProperty("patches").EnumerateArray().Where(p => p.GetProperty("name").GetString() == patch)
            .Select(p => p.GetProperty("state").GetString()).FirstOrDefault();
    }

    /// <summary>
    /// What must hold after anything was killed: the status is what the kernel says, at most one of the cumulative patches is applied, and no
    /// transition is under way.
    /// </summary>
    public static async Task StatusIsTrueAsync(this DebianMachine machine)
    {
        var status = JsonDocument.Parse((await machine.RunAsync("suture status --json")).Output).RootElement;
        var said = status.GetProperty("patches").EnumerateArray().Where(p => p.GetProperty("state").GetString() is "applied" or "unwanted")
            .Select(p => p.GetProperty("module").GetString()!).Order(StringComparer.Ordinal).ToList();
        var kernel = (await machine.SucceedAsync("cd /sys/kernel/livepatch; for p in *; do [ -e $p/enabled ] && [ $(cat $p/enabled) = 1 ] && [ $(cat $p/transition) = 0 ] && echo $p; done; true"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToList();
        said.ShouldBe(kernel, status.ToString());
        kernel.Count.ShouldBeLessThanOrEqualTo(1);
        (await machine.IsPatchedAsync()).ShouldBe(kernel.Exists(k => k is "suture_v1" or "suture_v2" or "suture_guide"), status.ToString());
    }

    /// <summary>Every operation in the history has a beginning and an end, and what the history was <paramref name="before"/> is still there. Gives what it is now.</summary>
    public static async Task<string> HistoryIsWholeAsync(this DebianMachine machine, int atLeast, string before = "")
    {
        var now = (await machine.SucceedAsync("cat /var/lib/suture/history.jsonl 2>/dev/null || true")).TrimEnd('\n');
        now.ShouldStartWith(before);
        var lines = (await machine.SutureJsonAsync("history --limit 1000")).GetProperty("operations").EnumerateArray().ToList();
        lines.Count.ShouldBeGreaterThanOrEqualTo(atLeast);
        lines.ShouldAllBe(l => l.GetProperty("outcome").GetString() != "begun");
        return now;
    }
}
