using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Suture.Kernel;

/// <summary>
/// A kernel given as a directory (docs/kernel-directory.md): finds its pieces, checks that they belong
/// together, and keeps what is derived from them in the cache, since nothing is written into the directory.
/// </summary>
internal static class KernelDirectory
{
    /// <summary>Opens <paramref name="path"/>: an entry of a cache, or the pieces of a kernel built by hand.</summary>
    public static async Task<KernelBuild> OpenAsync(CacheLayout cache, string path, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        var directory = Path.GetFullPath(path);
        if (!Directory.Exists(directory))
        {
            throw new KernelException($"{directory}: no such directory", "--kernel takes a release, \"running\" or a directory", KernelFault.NotFound);
        }
        if (KernelFacts.TryRead(directory) is not null)
        {
            return KernelBuild.Open(directory);
        }
        var pieces = KernelPieces.Find(directory);
        var derived = Path.Combine(cache.Directories, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..16]);
        using var held = await CacheLock.TakeAsync(derived + ".lock", progress, cancellation);
        var stamp = StampOf(pieces);
        if (KernelFacts.TryRead(derived)?.Stamp != stamp)
        {
            await DeriveAsync(pieces, derived, stamp, progress, cancellation);
        }
        var kernel = KernelBuild.Open(derived);
        ForgetOtherSources(kernel.WorkDirectory, pieces.Source);
        return kernel;
    }

    /// <summary>Removes what was compiled of sources that have changed since: a tree by hand is also a tree to work in.</summary>
    internal static void ForgetOtherSources(string work, string source)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in new DirectoryInfo(source).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(f => f.Extension is ".c" or ".h" or ".S" or ".inc").OrderBy(f => f.FullName, StringComparer.Ordinal))
        {
            digest.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{file.FullName}\0{file.Length}\0{file.LastWriteTimeUtc.Ticks}\0")));
        }
        var (path, now) = (Path.Combine(work, "sources"), Convert.ToHexStringLower(digest.GetHashAndReset()));
        if (File.Exists(path) && File.ReadAllText(path) == now)
        {
            return;
        }
        Directory.Delete(work, recursive: true);
        Directory.CreateDirectory(work);
        File.WriteAllText(path, now);
    }

    private static async Task DeriveAsync(KernelPieces pieces, string derived, string stamp, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        if (Directory.Exists(derived))
        {
            Directory.Delete(derived, recursive: true);
        }
        Directory.CreateDirectory(derived);
        progress?.Report(new("reading the kernel image"));
        var config = KernelConfig.ReadFile(pieces.Config);
        var buildId = KernelImage.Derive(pieces.Image, config, pieces.SystemMap, Path.Combine(derived, "vmlinux"), Path.Combine(derived, "System.map"));
        progress?.Report(new("reading how the kernel is compiled"));
        var kbuild = await Kbuild.OpenAsync(pieces.Source, pieces.Release, await CompilerCheck.FindAsync(config, cancellation), Path.Combine(derived, "environment"), Path.Combine(derived, "view"), cancellation);
        var dryRun = await kbuild.DryRunAsync(cancellation, alsoRecorded: true);
        CompileDatabase.Write(Path.Combine(derived, "units"), dryRun.Units.Where(u => File.Exists(Path.Combine(pieces.Source, u.Source))));
        new KernelFacts
        {
            Release = pieces.Release,
            BuildId = buildId,
            Vmlinuz = pieces.Image,
            Image = "vmlinux",
            SystemMap = "System.map",
            Config = pieces.Config,
            Symvers = pieces.Symvers,
            Modules = pieces.Modules,
            Source = pieces.Source,
            Units = "units",
            ModuleObjtoolArguments = dryRun.ModuleObjtoolArguments,
            Stamp = stamp,
        }.Write(derived);
    }

    // Names, sizes and times of the pieces: a kernel that was built again has others.
    private static string StampOf(KernelPieces pieces)
    {
        var text = new StringBuilder(pieces.Release);
        foreach (var path in (string[])[pieces.Image, pieces.Config, pieces.Symvers, Path.Combine(pieces.Source, "include/generated/autoconf.h")])
        {
            var file = new FileInfo(path);
            text.Append(CultureInfo.InvariantCulture, $"\n{path} {file.Length} {file.LastWriteTimeUtc.Ticks}");
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.Append(pieces.Modules).ToString())));
    }
}
