using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Suture.Kernel;

namespace Suture.CatchUp.Difference;

/// <summary>
/// What a kernel can catch up with: a later source of its own series. Anything else compares too, and the difference would take fixes back, or carry a new kernel piece by piece.
/// </summary>
internal static partial class LaterSource
{
    /// <summary>Checks a version of the distribution's package. A kernel built by hand has none to compare with.</summary>
    /// <exception cref="KernelException">It is not later, or of another series.</exception>
    public static async Task CheckVersionAsync(KernelBuild kernel, string version, CancellationToken cancellation)
    {
        if (kernel.PackageVersion is not { } own)
        {
            return;
        }
        if (Series().Match(version) is { Success: true } series && series.Value != Series().Match(own).Value)
        {
            throw new KernelException($"{version} is of another series than {own}, which runs", $"give a version of the same series: apt-cache madison linux-source-{Series().Match(own).Value}", KernelFault.NotFound);
        }
        if (!await IsLaterAsync(version, own, cancellation))
        {
            throw new KernelException($"{version} is not later than {own}, which runs", $"there is nothing to catch up with; see: apt-cache madison linux-source-{Series().Match(own).Value}", KernelFault.NotFound);
        }
    }

    /// <summary>Checks a directory with a source.</summary>
    /// <exception cref="KernelException">It is no kernel's, or of another series.</exception>
    public static void CheckTree(KernelBuild kernel, string tree)
    {
        var path = Path.Combine(tree, "Makefile");
        var series = SeriesOf(path) ?? throw new KernelException($"{path} does not say which kernel this is", "give the top of a kernel's source", KernelFault.NotFound);
        if (SeriesOf(Path.Combine(kernel.SourceTree, "Makefile")) is { } own && (own.Series != series.Series || own.Level > series.Level))
        {
            throw new KernelException($"{path} is of a {series.Series}.{series.Level} kernel, and {kernel.Release} is of {own.Series}.{own.Level}", "give a later source of the same series", KernelFault.NotFound);
        }
    }

    /// <summary>
    /// What is to be said of a directory's source beside the kernel of a distribution: a source without the distribution's own patches differs from it in these too, and to catch up with that
    /// takes them back. Null when nothing is.
    /// </summary>
    public static async Task<string?> WarningAsync(KernelBuild kernel, string tree, CancellationToken cancellation)
    {
        if (kernel.PackageVersion is not { } own)
        {
            return null;
        }
        var changelog = Path.Combine(tree, "debian", "changelog");
        if (File.Exists(changelog))
        {
            var version = ChangelogVersion().Match(File.ReadLines(changelog).FirstOrDefault() ?? "").Groups[1].Value;
            return version.Length > 0 && await IsLaterAsync(version, own, cancellation) ? null
                : $"{tree} is version {(version.Length > 0 ? version : "unknown")} of the distribution's source, not later than {own}, which runs: the difference may take fixes back";
        }
        return IsOfDebian(tree) ? null
            : $"{tree} has neither a debian/changelog nor Debian's mark in its Makefile, and the kernel that runs is the distribution's {own}: "
                + "the difference may take the distribution's own patches back; rather give --to with a version of its package";
    }

    /// <summary>Debian's patches let the Makefile say whose package it is; the packed source that they were applied to is without debian/.</summary>
    private static bool IsOfDebian(string tree) => File.ReadAllText(Path.Combine(tree, "Makefile")).Contains("LINUX_PACKAGE_ID", StringComparison.Ordinal);

    private static (string Series, int Level)? SeriesOf(string makefile) =>
        File.Exists(makefile) && File.ReadAllText(makefile) is var text && Version().Match(text) is { Success: true } version && PatchLevel().Match(text) is { Success: true } level
            ? ($"{version.Groups[1].Value}.{level.Groups[1].Value}", int.TryParse(SubLevel().Match(text).Groups[1].Value, CultureInfo.InvariantCulture, out var sub) ? sub : 0) : null;

    private static async Task<bool> IsLaterAsync(string version, string than, CancellationToken cancellation)
    {
        try
        {
            using var dpkg = Process.Start(new ProcessStartInfo("dpkg", ["--compare-versions", version, "gt", than]) { RedirectStandardError = true })!;
            await dpkg.StandardError.ReadToEndAsync(cancellation);
            await dpkg.WaitForExitAsync(cancellation);
            return dpkg.ExitCode == 0;
        }
        catch (Win32Exception e)
        {
            throw new KernelException($"dpkg cannot be started: {e.Message}", "it compares versions as the distribution does; install it: apt install dpkg", KernelFault.Tool, e);
        }
    }

    [GeneratedRegex(@"^\d+\.\d+")]
    private static partial Regex Series();

    [GeneratedRegex(@"^\S+ \(([^)]+)\)")]
    private static partial Regex ChangelogVersion();

    [GeneratedRegex(@"^VERSION\s*=\s*(\d+)", RegexOptions.Multiline)]
    private static partial Regex Version();

    [GeneratedRegex(@"^SUBLEVEL\s*=\s*(\d+)", RegexOptions.Multiline)]
    private static partial Regex SubLevel();

    [GeneratedRegex(@"^PATCHLEVEL\s*=\s*(\d+)", RegexOptions.Multiline)]
    private static partial Regex PatchLevel();
}
