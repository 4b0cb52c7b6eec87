using Suture.Elf;

namespace Suture.Kernel;

/// <summary>What --kernel may say: a release, "running", or a directory.</summary>
public static class KernelArgument
{
    /// <summary>The kernel that <paramref name="argument"/> names, fetched and prepared when it is not at hand.</summary>
    /// <exception cref="KernelException">There is no such kernel, or it cannot be had.</exception>
    public static async Task<KernelBuild> ResolveAsync(string argument, IProgress<ProgressReport>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(argument);
        if (argument == "running")
        {
            return await RunningAsync(progress, cancellation);
        }
        // A bare word is a release; a directory of that name needs a slash.
        if (argument.Contains('/') || argument is "." or "..")
        {
            return await KernelDirectory.OpenAsync(KernelCache.Default.Layout, argument, progress, cancellation);
        }
        return await KernelCache.Default.GetAsync(argument, progress, cancellation);
    }

    private static async Task<KernelBuild> RunningAsync(IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        var release = (await File.ReadAllTextAsync("/proc/sys/kernel/osrelease", cancellation)).Trim();
        var kernel = await KernelCache.Default.GetAsync(release, progress, cancellation);
        // The archive can hold several builds under one release name.
        var buildId = ElfNotes.FindBuildId(await File.ReadAllBytesAsync("/sys/kernel/notes", cancellation));
        return buildId is null || buildId == kernel.BuildId
            ? kernel
            : throw new KernelException($"the running {release} (build-id {buildId}) is not the one in the archive ({kernel.PackageVersion}, build-id {kernel.BuildId})",
                "boot the archive's newest build of this release, or give the running kernel's pieces with --kernel DIR", KernelFault.Mismatch);
    }
}
