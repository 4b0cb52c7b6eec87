using System.Collections.Concurrent;
using Suture.Kernel;

namespace Suture.CatchUp.Difference;

/// <summary>The difference between the kernel's prepared tree and a later one: changes that are parts of files.</summary>
public static class TreeDifference
{
    /// <summary>From the source of a later version of the distribution's kernel.</summary>
    /// <exception cref="KernelException">It is not later, of another series, or cannot be had.</exception>
    public static async Task<SourceDifference> ToVersionAsync(KernelBuild kernel, CacheLayout cache, string version, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(cache);
        await LaterSource.CheckVersionAsync(kernel, version, cancellation);
        var tree = await KernelSource.GetAsync(cache, version, kernel.Config, progress, cancellation);
        var package = Directory.Exists(cache.Downloads)
            ? Directory.GetFiles(cache.Downloads, $"linux-source-*_{version.Replace(":", "%3a", StringComparison.Ordinal)}_all.deb").FirstOrDefault() : null;
        var log = package is null || kernel.PackageVersion is null ? null : await Changelog.OfPackageAsync(package, kernel.PackageVersion, cancellation);
        var fault = log is not null ? null
            : kernel.PackageVersion is null ? "the kernel that runs is of no package, so nothing tells where its changelog ends"
            : package is null ? $"the package of {version}'s source, which has the changelog, is not in {cache.Downloads} any more"
            : $"the changelog in {package} cannot be read, or does not go back to {kernel.PackageVersion}";
        return await CompareAsync(kernel, tree, progress, cancellation) with { To = version, Log = log ?? [], LogFault = fault };
    }

    /// <summary>From a directory with a later source.</summary>
    /// <exception cref="KernelException">There is none of this kernel's series.</exception>
    public static async Task<SourceDifference> ToTreeAsync(KernelBuild kernel, string tree, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return await CompareAsync(kernel, tree, progress, cancellation) with { Warning = await LaterSource.WarningAsync(kernel, tree, cancellation) };
    }

    private static async Task<SourceDifference> CompareAsync(KernelBuild kernel, string tree, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        LaterSource.CheckTree(kernel, tree);
        progress?.Report(new ProgressReport($"comparing the source of {kernel.Release} with {tree}"));
        var files = ChangedFiles.Find(kernel, tree, cancellation);
        var parts = new ConcurrentDictionary<string, IReadOnlyList<Change>>(StringComparer.Ordinal);
        var whole = new ConcurrentDictionary<string, Change>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(files.Sources.Concat(files.Headers).Concat(files.Assembly), cancellation, async (path, stop) =>
        {
            var all = await FileChange.OfAsync(files, path, stop);
            if ((parts[path] = FileChange.Parts(files, all)).Count > 1)
            {
                whole[path] = all;
            }
        });
        return new SourceDifference(tree, [.. parts.OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => p.Value)], files, [], files.OtherChanged)
        {
            LogFault = "a directory with a source has no changelog that is read",
            Gone = [.. files.GoneSources.Select(p => new Change(p, p, [], [p], []) { Hunks = [] })],
            WholeFiles = [.. whole.Values.Where(c => !c.IsHeader).OrderBy(c => c.Id, StringComparer.Ordinal)],
        };
    }
}
