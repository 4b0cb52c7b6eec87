namespace Suture.Kernel;

/// <summary>A kernel given as a directory (docs/kernel-directory.md).</summary>
internal static class KernelDirectory
{
    /// <summary>Opens <paramref name="path"/>: an entry of a cache, or the pieces of a kernel built by hand.</summary>
    public static Task<KernelBuild> OpenAsync(CacheLayout cache, string path, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        _ = cache;
        _ = progress;
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(KernelBuild.Open(path));
    }
}
