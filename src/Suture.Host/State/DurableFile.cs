using Suture.Host.Interfaces;

namespace Suture.Host.State;

/// <summary>Files that are whole or not there, also after a power cut: write aside, flush to disk, rename, flush the directory.</summary>
internal static class DurableFile
{
    /// <summary>Suffix of what is not finished.</summary>
    public const string Unfinished = ".tmp";

    /// <summary>Writes <paramref name="content"/> to <paramref name="path"/>. When it throws, the old file is untouched.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, Action? written = null)
    {
        var aside = path + Unfinished;
        try
        {
            using (var file = new FileStream(aside, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
        }
        catch (IOException)
        {
            File.Delete(aside);
            throw;
        }
        written?.Invoke();
        Rename(aside, path);
    }

    /// <summary>Keeps room on the disk, in a file that goes when it is disposed of. <paramref name="path"/> is without <see cref="Unfinished"/>.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static IDisposable Reserve(string path, long bytes) => new Room(path + Unfinished, bytes);

    private sealed class Room : IDisposable
    {
        private readonly string _path;

        public Room(string path, long bytes)
        {
            _path = path;
            var (file, errno) = Posix.Open(path, Posix.CreateAppend | Posix.NoFollow);
            using (file)
            {
                errno = file is null ? errno : Posix.Reserve(file, 0, bytes);
            }
            if (errno is not (0 or Posix.NotSupported))
            {
                Dispose();
                throw new IOException($"{path}: no room for {bytes} bytes (errno {errno})");
            }
        }

        public void Dispose()
        {
            try
            {
                File.Delete(_path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Recovery deletes it; what was done with the room meanwhile is not to fail for it.
            }
        }
    }

    /// <summary>Gives the finished file <paramref name="from"/> its name, for good.</summary>
    public static void Rename(string from, string path)
    {
        File.Move(from, path, overwrite: true);
        Posix.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Insists that a directory, if it is there, can be read: what cannot be seen must not be taken for nothing.</summary>
    /// <exception cref="UnauthorizedAccessException">It cannot.</exception>
    public static void MustBeReadable(string directory)
    {
        try
        {
            _ = Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any();
        }
        catch (UnauthorizedAccessException)
        {
            throw new UnauthorizedAccessException($"{directory} can be read by root alone: run it with sudo");
        }
    }

    /// <summary>Makes a directory that only root enters, and its parents, so that it survives a power cut.</summary>
    public static void MakeDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }
        var parent = Path.GetDirectoryName(path)!;
        MakeDirectory(parent);
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Posix.SyncDirectory(parent);
    }
}
