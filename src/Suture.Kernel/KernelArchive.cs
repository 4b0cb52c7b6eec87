namespace Suture.Kernel;

/// <summary>A kernel release that the archive has.</summary>
/// <param name="Release">As uname -r says.</param>
/// <param name="Version">Version of the source package.</param>
/// <param name="Complete">The source of exactly that version is there too, so that it can be fetched.</param>
public sealed record ArchiveKernel(string Release, string Version, bool Complete);

/// <summary>What the distribution's archive offers now.</summary>
public static class KernelArchive
{
    private const string ImagePrefix = "linux-image-";

    /// <summary>All kernel releases for this architecture, oldest first. Refreshes Suture's own package lists.</summary>
    /// <exception cref="KernelException">The archive cannot be reached.</exception>
    public static async Task<IReadOnlyList<ArchiveKernel>> ListAsync(CacheLayout cache, IProgress<ProgressReport>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        var lists = await AptLists.RefreshAsync(cache, force: false, progress, cancellation);
        var images = (await lists.SearchAsync("^linux-image-[0-9].*-amd64$", cancellation))
            // Releases named so stand for whichever is newest.
            .FindAll(i => DebianKernel.IsRelease(i["Package"][ImagePrefix.Length..]) && i["Depends"].Contains("initramfs-tools", StringComparison.Ordinal));
        var sources = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var series in images.Select(i => DebianKernel.Series(i["Package"][ImagePrefix.Length..])).Distinct())
        {
            sources[series] = [.. (await lists.ShowAsync("linux-source-" + series, cancellation)).Select(s => s["Version"])];
        }
        return [.. images
            .Select(i => (Release: i["Package"][ImagePrefix.Length..], Version: DebianKernel.SourceVersion(i)))
            .Select(k => new ArchiveKernel(k.Release, k.Version, sources[DebianKernel.Series(k.Release)].Contains(k.Version)))
            .OrderBy(k => k.Release, ReleaseOrder.Instance)];
    }
}
