using Suture.Build;
using Suture.Build.Verification;
using Suture.Cli.Reports;
using Suture.Kernel;
using Suture.Verify;

namespace Suture.Cli.Verbs;

/// <summary>What <c>suture inspect --check</c> does: find the expectation, compare, say so.</summary>
internal static class ModuleVerification
{
    public static async Task<ExitCode> RunAsync(string path, string? kernelName, FileInfo[] patches, bool json, CancellationToken cancellation)
    {
        var report = await CheckAsync(path, kernelName, patches, cancellation);
        if (json)
        {
            Terminal.Json(report, JsonContracts.Default.VerificationReport);
        }
        else
        {
            report.Print(path);
        }
        return report.Verified ? ExitCode.Done : ExitCode.VerificationFailed;
    }

    private static async Task<VerificationReport> CheckAsync(string path, string? kernelName, FileInfo[] patches, CancellationToken cancellation)
    {
        try
        {
            var bytes = await File.ReadAllBytesAsync(path, cancellation);
            var module = HostileFile.Look(path, () => RelocatableFile.Read(bytes, path));
            var carried = HostileFile.Look(path, () => ModuleCheck.ManifestOf(module));
            if (carried is null && patches.Length == 0)
            {
                return VerificationReport.Unverifiable(path,
                    $"it has no {Manifest.SectionName} section, so nothing tells what it must hold; give --kernel and --patch to derive that again");
            }
            using var progress = Terminal.Progress();
            var kernel = kernelName is null ? null : await KernelArgument.ResolveAsync(kernelName, progress, cancellation);
            var expected = carried;
            if (patches.Length > 0)
            {
                var (fresh, why) = await DeriveAsync(module, kernel!, patches, progress, cancellation);
                if (fresh is null)
                {
                    return VerificationReport.Unverifiable(path, why);
                }
                expected = fresh;
            }
            var report = HostileFile.Look(path, () => ModuleCheck.Run(module, expected!, kernel is null ? null : new KernelUnderCheck(kernel)));
            return VerificationReport.From(path, expected!, report, kernel is not null, patches.Length > 0);
        }
        catch (DamagedFileException e)
        {
            return VerificationReport.Unverifiable(path, e.Message);
        }
    }

    /// <summary>What the module must hold, from the patch itself: both sides compiled again.</summary>
    private static async Task<(Manifest? Expectation, string Why)> DeriveAsync(
        RelocatableFile module, KernelBuild kernel, FileInfo[] patches, IProgress<ProgressReport> progress, CancellationToken cancellation)
    {
        var info = ModuleCheck.InfoOf(module);
        string? Value(string key) => info.FirstOrDefault(i => i.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];
        var result = await LivepatchBuilder.RunAsync(new BuildRequest
        {
            Kernel = kernel,
            Patches = [.. patches.Select(p => (p.ToString(), File.ReadAllBytes(p.FullName)))],
            Name = Value("suture.patch") ?? Value("name") ?? Path.GetFileNameWithoutExtension(module.Name),
            Replace = Value("suture.replace") != "N",
        }, progress, cancellation);
        return FreshExpectation.Of(result, kernel.Release);
    }
}
