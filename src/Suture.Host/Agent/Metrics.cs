using System.Globalization;
using System.Text;
using Suture.Host.Interfaces;
using Suture.Host.Operations;
using Suture.Host.State;

namespace Suture.Host.Agent;

/// <summary>How the host stands, in the OpenMetrics text format.</summary>
public static class Metrics
{
    /// <summary>Name of the file that node_exporter's textfile collector reads.</summary>
    public const string TextfileName = "suture.prom";

    /// <summary>Renders how the host stands now.</summary>
    public static string Render(SutureHost host, int reapplied) => Render(host, HostStatus.Read(host), reapplied);

    /// <summary>Renders <paramref name="status"/>.</summary>
    public static string Render(SutureHost host, HostStatus status, int reapplied)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(status);
        var text = new StringBuilder();
        Gauge(text, "suture_patch_applied", "Whether the kernel runs the patch.", status.Patches.Select(p => (Labels(p.Patch), p.Condition is PatchCondition.Applied or PatchCondition.Unwanted ? 1L : 0)));
        Gauge(text, "suture_patch_applied_since_seconds", "Unix time since when it is applied, across reboots.",
            status.Patches.Where(p => p.Patch.AppliedSince is not null && p.Condition == PatchCondition.Applied).Select(p => (Labels(p.Patch), p.Patch.AppliedSince!.Value.ToUnixTimeSeconds())));
        Gauge(text, "suture_patch_quarantined", "Whether the patch did harm and is not loaded.", status.Patches.Select(p => (Labels(p.Patch), p.Patch.Quarantine is null ? 0L : 1)));
        Gauge(text, "suture_cve_fixed", "CVEs that applied patches fix.", status.Patches.Where(p => p.Condition == PatchCondition.Applied)
            .SelectMany(p => p.Patch.Cves).Distinct().Select(c => ($"cve=\"{Escaped(c)}\"", 1L)));
        Gauge(text, "suture_status", "Exit code that suture status gives: 0 up to date, 11 nothing applied, 12 update pending, 13 unsupported, 14 in transition.", [("", (long)Code(status.Condition))]);
        Gauge(text, "suture_foreign_livepatches", "Livepatches in the kernel that Suture did not apply.", [("", status.Foreign.Count)]);
        Gauge(text, "suture_warnings", "What needs someone's attention, see suture status.", [("", status.Warnings.Count)]);
        Gauge(text, "suture_kernel_taint", "The kernel's taint bits.", [("", (long)host.Running.Taint)]);
        Gauge(text, "suture_agent_last_look_seconds", "Unix time of the agent's last look.", [("", DateTimeOffset.UtcNow.ToUnixTimeSeconds())]);
        text.Append("# TYPE suture_agent_reapplied counter\n# HELP suture_agent_reapplied Patches that were gone and that the agent applied again.\n")
            .Append(CultureInfo.InvariantCulture, $"suture_agent_reapplied_total {reapplied}\n");
        return text.Append("# EOF\n").ToString();
    }

    /// <summary>Writes the file for node_exporter, whole or not at all, when it wants one; what stands in the way, or null.</summary>
    public static string? WriteTextfile(string directory, string text)
    {
        if (!Directory.Exists(directory))
        {
            return null;
        }
        var path = Path.Combine(directory, TextfileName);
        var aside = path + DurableFile.Unfinished;
        try
        {
            // The directory may be another user's: what lies there is not followed, and a new file is made.
            File.Delete(aside);
            var (file, errno) = Posix.Open(aside, Posix.CreateNew | Posix.NoFollow, 0x1A4);
            using (file)
            {
                if (file is null)
                {
                    return $"{aside} cannot be made (errno {errno})";
                }
                // The collector speaks the older text format, which has no end mark.
                RandomAccess.Write(file, Encoding.UTF8.GetBytes(text.Replace("# EOF\n", "", StringComparison.Ordinal)), 0);
            }
            File.Move(aside, path, overwrite: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be written: {e.Message}";
        }
    }

    /// <summary>The exit code of <c>suture status</c>.</summary>
    public static int Code(HostCondition condition) => condition switch
    {
        HostCondition.UpToDate => 0,
        HostCondition.NothingApplied => 11,
        HostCondition.UpdatePending => 12,
        HostCondition.Unsupported => 13,
        _ => 14,
    };

    private static void Gauge(StringBuilder text, string name, string help, IEnumerable<(string Labels, long Value)> samples)
    {
        text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} gauge\n# HELP {name} {help}\n");
        foreach (var (labels, value) in samples)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}{(labels.Length > 0 ? $"{{{labels}}}" : "")} {value}\n");
        }
    }

    private static string Labels(InstalledPatch p) => $"name=\"{Escaped(p.Name)}\",version=\"{Escaped(p.Version)}\",release=\"{Escaped(p.Release)}\"";

    private static string Escaped(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
