using System.Globalization;
using Suture.Elf;

namespace Suture.Host.Interfaces;

/// <summary>What the running kernel says about itself. What it does not say reads as null, never as an exception.</summary>
public sealed class RunningKernel(KernelPaths paths)
{
    /// <summary>Taint bits (Documentation/admin-guide/tainted-kernels.rst) that tell of harm: bad page 5, oops 7, warning 9, soft lockup 14.</summary>
    public const ulong HarmfulTaint = 1UL << 5 | 1UL << 7 | 1UL << 9 | 1UL << 14;

    /// <summary>As uname -r says.</summary>
    public string Release => Read($"{paths.Proc}/sys/kernel/osrelease") ?? "";

    /// <summary>As uname -v says.</summary>
    public string Version => Read($"{paths.Proc}/sys/kernel/version") ?? "";

    /// <summary>GNU build-id in lower-case hexadecimal; null when the kernel has none or does not show it.</summary>
    public string? BuildId
    {
        get
        {
            try
            {
                return ElfNotes.FindBuildId(File.ReadAllBytes($"{paths.Sys}/kernel/notes"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>A random identifier of this boot.</summary>
    public string BootId => Read($"{paths.Proc}/sys/kernel/random/boot_id") ?? "";

    /// <summary>Whether the kernel has livepatching (CONFIG_LIVEPATCH).</summary>
    public bool HasLivepatching => Directory.Exists(paths.Livepatches);

    /// <summary>Whether function tracing, which livepatching rests on, is on; null when the kernel has none.</summary>
    public bool? FtraceEnabled => Flag($"{paths.Proc}/sys/kernel/ftrace_enabled");

    /// <summary>Whether loading modules was switched off until the next boot.</summary>
    public bool ModulesDisabled => Flag($"{paths.Proc}/sys/kernel/modules_disabled") == true;

    /// <summary>Whether only signed modules load (module.sig_enforce or CONFIG_MODULE_SIG_FORCE).</summary>
    public bool SignaturesEnforced => Flag($"{paths.Sys}/module/module/parameters/sig_enforce") == true;

    /// <summary>The lockdown in force, "integrity" or "confidentiality"; null when there is none.</summary>
    public string? Lockdown
    {
        get
        {
            // "[none] integrity confidentiality"
            var text = Read($"{paths.Sys}/kernel/security/lockdown") ?? "";
            var (open, close) = (text.IndexOf('[', StringComparison.Ordinal), text.IndexOf(']', StringComparison.Ordinal));
            return open >= 0 && close > open && text[(open + 1)..close] is var mode && mode != "none" ? mode : null;
        }
    }

    /// <summary>The kernel's taint bits.</summary>
    public ulong Taint => ulong.TryParse(Read($"{paths.Proc}/sys/kernel/tainted"), NumberStyles.None, CultureInfo.InvariantCulture, out var bits) ? bits : 0;

    /// <summary>Whether <paramref name="word"/> is on the kernel's command line.</summary>
    public bool CommandLineHas(string word) => (Read($"{paths.Proc}/cmdline") ?? "").Split(' ').Contains(word);

    private static bool? Flag(string path) => Read(path) switch { "1" or "Y" => true, "0" or "N" => false, _ => null };

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
