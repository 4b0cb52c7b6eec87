namespace Suture.Kernel;

/// <summary>A lock between processes, held while an instance lives. Ends with the process however that ends.</summary>
internal sealed class CacheLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    // .NET puts flock(2) on files opened without sharing, and the file stays: removing it would race with waiters.
    private readonly FileStream _file;

    private CacheLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock at <paramref name="path"/>, saying so.</summary>
    public static async Task<CacheLock> TakeAsync(string path, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (; ; )
        {
            try
            {
                return new(new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException e) when (!DiskSpace.IsFull(e) && File.Exists(path))
            {
                progress?.Report(new("waiting for another suture"));
                await Task.Delay(Pause, cancellation);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
