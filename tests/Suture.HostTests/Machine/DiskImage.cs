namespace Suture.HostTests.Machine;

/// <summary>Disks, made by the host's tools.</summary>
internal static class DiskImage
{
    /// <summary>A new disk that holds what <paramref name="below"/> holds; writes go to the new one alone.</summary>
    public static Task OverlayAsync(string below, string path) =>
        HostProgram.OutputAsync("qemu-img", "create", "-q", "-f", "qcow2",
            "-b", below, "-F", below.EndsWith(".qcow2", StringComparison.Ordinal) ? "qcow2" : "raw", path);

    /// <summary>A file system with the files of <paramref name="directory"/>, for a read-only disk.</summary>
    public static Task PayloadAsync(string directory, string path)
    {
        // Twice what is in it, for block sizes and the file system's own tables.
        var bytes = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
        return HostProgram.OutputAsync("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", directory, path, $"{16 + (2 * bytes >> 20)}M");
    }
}
