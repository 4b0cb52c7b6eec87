using System.Security.Cryptography;

namespace Suture.Kernel;

/// <summary>
/// Fetches packages with apt's own transports (they know proxies and mirrors), several at once, continuing
/// what an earlier run left, and checks each against the checksum from the signed lists.
/// </summary>
internal static class PackageDownload
{
    private const string Helper = "/usr/lib/apt/apt-helper";
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Fetches all of <paramref name="packages"/>; afterwards <see cref="PathOf"/> of each is whole and right.</summary>
    public static async Task FetchAsync(CacheLayout cache, IReadOnlyList<ArchivePackage> packages, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(cache.Downloads);
        DiskSpace.Require(cache.Downloads, packages.Sum(p => p.Size), "downloading");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reporting = ReportAsync(cache, packages, progress, stop.Token);
        try
        {
            await Task.WhenAll(packages.Select(p => FetchOneAsync(cache, p, progress, cancellation)));
        }
        finally
        {
            await stop.CancelAsync();
            await reporting;
        }
    }

    /// <summary>Where a package lies when it is there.</summary>
    public static string PathOf(CacheLayout cache, ArchivePackage package) => Path.Combine(cache.Downloads, package.FileName);

    private static string PartOf(CacheLayout cache, ArchivePackage package) => PathOf(cache, package) + ".part";

    private static async Task FetchOneAsync(CacheLayout cache, ArchivePackage package, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        var path = PathOf(cache, package);
        // Two kernels of one version share their source package.
        using var held = await CacheLock.TakeAsync(path + ".lock", progress, cancellation);
        if (await IsRightAsync(path, package, cancellation))
        {
            return;
        }
        var part = PartOf(cache, package);
        var outcome = await ToolProcess.RunAsync(Helper,
            ["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3", "download-file", package.Uri, part, "SHA256:" + package.Sha256], cancellation);
        if (outcome.ExitCode != 0)
        {
            if (outcome.Errors.Contains("No space left", StringComparison.Ordinal))
            {
                throw DiskSpace.Full(cache.Downloads, $"downloading {package.FileName}");
            }
            if (outcome.Errors.Contains("Hash Sum mismatch", StringComparison.OrdinalIgnoreCase))
            {
                throw WrongChecksum(package, part);
            }
            throw new KernelException($"{package.FileName} cannot be downloaded from {package.Uri}: {outcome.LastError}",
                "check the network and try again: what has arrived is kept", KernelFault.Network);
        }
        if (!await IsRightAsync(part, package, cancellation))
        {
            throw WrongChecksum(package, part);
        }
        File.Move(part, path, overwrite: true);
    }

    private static KernelException WrongChecksum(ArchivePackage package, string part)
    {
        File.Delete(part);
        return new($"{package.FileName} from {package.Uri} is not what the archive's signed lists describe (SHA256 {package.Sha256}, {package.Size} bytes)",
            "a mirror or proxy may be damaged or tampered with; the file was removed, try again or use another mirror", KernelFault.Verification);
    }

    private static async Task<bool> IsRightAsync(string path, ArchivePackage package, CancellationToken cancellation)
    {
        if (!File.Exists(path) || new FileInfo(path).Length != package.Size)
        {
            return false;
        }
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation)) == package.Sha256;
    }

    private static async Task ReportAsync(CacheLayout cache, IReadOnlyList<ArchivePackage> packages, IProgress<ProgressReport>? progress, CancellationToken stop)
    {
        var total = packages.Sum(p => p.Size);
        while (progress is not null && !stop.IsCancellationRequested)
        {
            var done = packages.Sum(p => SizeOf(PathOf(cache, p)) ?? SizeOf(PartOf(cache, p)) ?? 0);
            progress.Report(new("downloading packages", done, total));
            await Task.Delay(ProgressEvery, stop).ContinueWith(_ => { }, CancellationToken.None);
        }
    }

    private static long? SizeOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : null;
}
