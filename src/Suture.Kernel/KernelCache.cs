namespace Suture.Kernel;

/// <summary>
/// Prepared kernels on disk. An entry is built beside its place and renamed when it is complete, under a lock
/// between processes: an entry that is there is whole, and what an interrupted run left is swept by the next.
/// </summary>
public sealed class KernelCache
{
    private readonly CacheLayout _layout;

    /// <summary>Uses the cache at <paramref name="layout"/>.</summary>
    public KernelCache(CacheLayout layout) => _layout = layout;

    /// <summary>The user's cache.</summary>
    public static KernelCache Default { get; } = new(CacheLayout.Default);

    /// <summary>Where it is.</summary>
    public CacheLayout Layout => _layout;

    /// <summary>The prepared kernels, newest release last.</summary>
    public IReadOnlyList<KernelBuild> Cached =>
        Directory.Exists(_layout.Kernels)
            ? [.. Directory.GetDirectories(_layout.Kernels).Where(d => KernelFacts.TryRead(d) is not null).Select(KernelBuild.Open)
                .OrderBy(k => k.Release, ReleaseOrder.Instance)]
            : [];

    /// <summary>The kernel of that release if it is prepared already, else null.</summary>
    public KernelBuild? Find(string release) =>
        DebianKernel.IsRelease(release) && KernelFacts.TryRead(_layout.Entry(release)) is not null ? KernelBuild.Open(_layout.Entry(release)) : null;

    /// <summary>The kernel of that release, fetched from the distribution's archive and prepared if need be.</summary>
    /// <exception cref="KernelException">The archive does not have it, cannot be reached, or what comes is not right.</exception>
    public async Task<KernelBuild> GetAsync(string release, IProgress<ProgressReport>? progress = null, CancellationToken cancellation = default)
    {
        if (!DebianKernel.IsRelease(release))
        {
            throw new KernelException($"'{release}' is not a kernel release", "a release looks like 6.1.0-56-cloud-amd64; run: suture kernel list", KernelFault.NotFound);
        }
        if (Find(release) is { } ready)
        {
            return ready;
        }
        try
        {
            using var held = await CacheLock.TakeAsync(Path.Combine(_layout.Kernels, $".{release}.lock"), progress, cancellation);
            // Whoever held the lock may have made it.
            return Find(release) ?? await MakeAsync(release, progress, cancellation);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            throw DiskSpace.Full(_layout.Root, e.Message);
        }
    }

    private async Task<KernelBuild> MakeAsync(string release, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        var kernel = await DownloadAsync(release, progress, cancellation);
        Sweep(release);
        // A name of its own each time: programs of a killed run may still be writing to theirs.
        var stage = Directory.CreateDirectory(Path.Combine(_layout.Kernels, $".{release}.{Guid.NewGuid():N}.partial")).FullName;
        try
        {
            await KernelPreparation.RunAsync(_layout, kernel, stage, progress, cancellation);
            var entry = _layout.Entry(release);
            if (Directory.Exists(entry))
            {
                // Made by other code, in another format. Out of the way first, so that the place is empty but for a moment.
                Directory.Move(entry, Path.Combine(_layout.Kernels, $".{release}.{Guid.NewGuid():N}.partial"));
            }
            Directory.Move(stage, entry);
        }
        finally
        {
            Sweep(release);
        }
        return KernelBuild.Open(_layout.Entry(release));
    }

    // The system's lists are at hand; they may be old, and then name files that the archive has dropped.
    private async Task<DebianKernel> DownloadAsync(string release, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        progress?.Report(new($"looking for {release} in the archive"));
        if (await DebianKernel.FindAsync(AptLists.System, release, cancellation) is { } known)
        {
            try
            {
                await PackageDownload.FetchAsync(_layout, known.Packages, progress, cancellation);
                return known;
            }
            catch (KernelException e) when (e.Fault is KernelFault.Network or KernelFault.Verification)
            {
                progress?.Report(new("a download failed; looking again"));
            }
        }
        var lists = await AptLists.RefreshAsync(_layout, force: true, progress, cancellation);
        var kernel = await DebianKernel.FindAsync(lists, release, cancellation) ?? throw new KernelException(
            $"the archive has no kernel {release} with headers and the source of exactly that version",
            "the archive drops old releases; run: suture kernel list", KernelFault.NotFound);
        await PackageDownload.FetchAsync(_layout, kernel.Packages, progress, cancellation);
        return kernel;
    }

    private void Sweep(string release)
    {
        foreach (var left in Directory.GetDirectories(_layout.Kernels, $".{release}.*.partial"))
        {
            try
            {
                Directory.Delete(left, recursive: true);
            }
            catch (IOException)
            {
                // Something still writes there; the next run sweeps again.
            }
        }
    }
}
