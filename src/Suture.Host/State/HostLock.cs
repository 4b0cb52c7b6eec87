using Microsoft.Win32.SafeHandles;
using Suture.Host.Interfaces;

namespace Suture.Host.State;

/// <summary>One at a time changes this host's patches. The lock ends with the process, however that ends.</summary>
public sealed class HostLock : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private readonly SafeFileHandle _file;

    private HostLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes it, waiting at most <paramref name="bound"/>, with a call of <paramref name="waiting"/> now and then; null when another process keeps it that long.</summary>
    /// <exception cref="IOException">The lock file cannot be made.</exception>
    public static HostLock? Take(HostPaths paths, TimeSpan bound, CancellationToken cancel, Action? waiting = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        DurableFile.MakeDirectory(paths.State);
        // For reading alone: what did harm must also be taken back where the file system has gone read-only.
        var (file, errno) = Posix.Open(paths.LockFile, Posix.CreateRead | Posix.NoFollow);
        if (file is null)
        {
            throw new IOException($"{paths.LockFile}: cannot be opened (errno {errno})");
        }
        for (var waited = TimeSpan.Zero; ; waited += Poll)
        {
            if (Posix.TryLock(file) == 0)
            {
                return new HostLock(file);
            }
            waiting?.Invoke();
            if (waited >= bound || cancel.WaitHandle.WaitOne(Poll))
            {
                file.Dispose();
                cancel.ThrowIfCancellationRequested();
                return null;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
