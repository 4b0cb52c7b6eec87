using Suture.Host.Interfaces;
using Suture.Host.Operations;

namespace Suture.Host.Preflight;

/// <summary>All that <c>suture doctor</c> looks at: the kernel, and Suture's own files and services.</summary>
public sealed class Diagnosis(SutureHost host)
{
    private const long LeastFreeBytes = 64 << 20;

    /// <summary>Runs the checks.</summary>
    public async Task<IReadOnlyList<FitnessCheck>> RunAsync(CancellationToken cancel) =>
        [.. host.Fitness.Checks(), Taint(), StateFiles(), Room(), SettingsFile(), Service("suture-boot.service", "patches are not applied again after a reboot"),
            Service("suture-agent.service", "nobody notices when a patch is taken off"), .. await HealthAsync(cancel), Patches()];

    private FitnessCheck Taint() => (host.Running.Taint & RunningKernel.HarmfulTaint) is var harm && harm == 0
        ? new("kernel", FitnessGrade.Ok, "the kernel came to no harm since it was booted")
        : new("kernel", FitnessGrade.Warn, $"the kernel came to harm before now (taint {harm})", "look for it: journalctl -k -p warning; a reboot clears it");

    private FitnessCheck StateFiles() => host.State.Load().Warnings is { Count: > 0 } warnings
        ? new("state", FitnessGrade.Warn, string.Join("; ", warnings), "the next change writes it anew; check with suture list that nothing is missing")
        : new("state", FitnessGrade.Ok, $"{host.Paths.State} is in order");

    private FitnessCheck Room()
    {
        try
        {
            var at = Directory.Exists(host.Paths.State) ? host.Paths.State : "/";
            var free = new DriveInfo(at).AvailableFreeSpace;
            return free >= LeastFreeBytes
                ? new("room", FitnessGrade.Ok, $"{free >> 20} MiB free below {at}")
                : new("room", FitnessGrade.Warn, $"only {free >> 20} MiB free below {at}", "make room, or no further patch can be installed");
        }
        catch (IOException e)
        {
            return new("room", FitnessGrade.Warn, $"{host.Paths.State}: {e.Message}", "is the file system in order?");
        }
    }

    private FitnessCheck SettingsFile() => host.Settings.Faults is { Count: > 0 } faults
        ? new("settings", FitnessGrade.Warn, string.Join("; ", faults), "mend the line; until then the default counts")
        : new("settings", FitnessGrade.Ok, host.Paths.SettingsFile);

    /// <summary>Whether a unit is enabled: its link among those that some target wants.</summary>
    private static FitnessCheck Service(string unit, string consequence) =>
        Directory.Exists("/etc/systemd/system") && Directory.GetDirectories("/etc/systemd/system", "*.wants").Any(d => File.Exists(Path.Combine(d, unit)) || IsLink(Path.Combine(d, unit)))
            ? new(unit, FitnessGrade.Ok, "enabled")
            : new(unit, FitnessGrade.Warn, $"not enabled: {consequence}", $"systemctl enable --now {unit}");

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    private async Task<IReadOnlyList<FitnessCheck>> HealthAsync(CancellationToken cancel)
    {
        var results = await host.Checks.RunAsync("before", "", cancel);
        return [.. results.Select(r => r.Ok
            ? new FitnessCheck($"health.d/{r.Name}", FitnessGrade.Ok, r.Detail)
            : new FitnessCheck($"health.d/{r.Name}", FitnessGrade.Fail, r.Detail, "nothing is applied while it fails: mend it, or the check"))];
    }

    private FitnessCheck Patches()
    {
        var status = HostStatus.Read(host);
        var bad = status.Patches.Where(p => p.Condition is PatchCondition.Quarantined or PatchCondition.Missing or PatchCondition.Unwanted).Select(p => $"{p.Patch.Name}: {p.Explanation}").ToList();
        return bad.Count > 0 ? new("patches", FitnessGrade.Warn, string.Join("; ", bad), "suture status says what to do")
            : status.Foreign.Count > 0 ? new("patches", FitnessGrade.Warn, $"{string.Join(", ", status.Foreign)}: not applied by Suture", "two tools that patch one kernel get in each other's way")
            : new("patches", FitnessGrade.Ok, $"{status.Patches.Count(p => p.Condition == PatchCondition.Applied)} applied");
    }
}
