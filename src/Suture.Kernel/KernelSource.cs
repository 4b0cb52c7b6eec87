namespace Suture.Kernel;

/// <summary>The source of one version of the distribution's kernel, without a build of it: to compare with the tree of another version.</summary>
public static class KernelSource
{
    /// <summary>
    /// The tree of <paramref name="version"/> ("6.1.190-1"), fetched and unpacked if need be; without what no x86 kernel of
    /// configuration <paramref name="config"/> is made of.
    /// </summary>
    /// <exception cref="KernelException">The archive does not have it or cannot be reached.</exception>
    public static async Task<string> GetAsync(
        CacheLayout cache, string version, KernelConfig config, IProgress<ProgressReport>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(config);
        if (!DebianKernel.IsRelease(version))
        {
            throw new KernelException($"'{version}' is not a version of the kernel's source", "a version looks like 6.1.190-1; run: apt-cache madison linux-source-6.1", KernelFault.NotFound);
        }
        // Kernels of two configurations may not share what is left out for one of them.
        var tree = Path.Combine(cache.Sources, SourceTree.LeavesOutAmdgpu(config) ? version : version + "+amdgpu");
        if (Directory.Exists(tree))
        {
            return tree;
        }
        Directory.CreateDirectory(cache.Sources);
        using var held = await CacheLock.TakeAsync(tree + ".lock", progress, cancellation);
        if (Directory.Exists(tree))
        {
            return tree;
        }
        var stage = Directory.CreateDirectory($"{tree}.{Guid.NewGuid():N}.partial").FullName;
        try
        {
            var package = await FetchAsync(cache, $"linux-source-{DebianKernel.Series(version)}={version}", progress, cancellation);
            progress?.Report(new($"unpacking the source of {version}"));
            var unpacked = Directory.CreateDirectory(Path.Combine(stage, "package")).FullName;
            await ToolProcess.MustAsync($"unpacking {package.FileName}", "dpkg-deb", ["-x", PackageDownload.PathOf(cache, package), unpacked], cancellation, stage);
            var archive = Directory.GetFiles(Path.Combine(unpacked, "usr/src"), "linux-source-*.tar.xz").Single();
            await SourceTree.UnpackAsync(archive, Path.Combine(stage, "tree"), config, cancellation);
            Directory.Move(Path.Combine(stage, "tree"), tree);
            return tree;
        }
        finally
        {
            Directory.Delete(stage, recursive: true);
        }
    }

    // As for kernels: the system's lists are at hand, and may name files that the archive has dropped.
    private static async Task<ArchivePackage> FetchAsync(CacheLayout cache, string wanted, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        foreach (var refresh in (bool[])[false, true])
        {
            var lists = refresh ? await AptLists.RefreshAsync(cache, force: true, progress, cancellation) : AptLists.System;
            if (await lists.LocateAsync([wanted], cancellation) is [var package])
            {
                progress?.Report(new($"downloading {package.FileName}"));
                await PackageDownload.FetchAsync(cache, [package], progress, cancellation);
                return package;
            }
        }
        throw new KernelException($"the archive has no {wanted}", "the archive drops old versions; see: apt-cache madison linux-source-6.1", KernelFault.NotFound);
    }
}
