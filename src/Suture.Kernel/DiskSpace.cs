namespace Suture.Kernel;

/// <summary>Tells early and clearly when there is no room.</summary>
internal static class DiskSpace
{
    private const int NoSpaceOnDevice = 28;

    /// <summary>True when <paramref name="e"/> is ENOSPC.</summary>
    public static bool IsFull(IOException e) => (e.HResult & 0xffff) == NoSpaceOnDevice || e.Message.Contains("No space left", StringComparison.Ordinal);

    /// <summary>Throws when the file system of <paramref name="directory"/> has less than <paramref name="bytes"/> free.</summary>
    public static void Require(string directory, long bytes, string what)
    {
        var free = new DriveInfo(directory).AvailableFreeSpace;
        if (free < bytes)
        {
            throw Full(directory, $"{what} needs {bytes >> 20} MiB, {free >> 20} MiB are free");
        }
    }

    /// <summary>The error for a full disk.</summary>
    public static KernelException Full(string directory, string detail) =>
        new($"no room on the disk of {directory}: {detail}",
            $"free some: kernels no longer needed are in {CacheLayout.Default.Kernels} and may be removed one by one; or set XDG_CACHE_HOME to a larger disk",
            KernelFault.DiskFull);
}
