using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Suture.Host.Interfaces;

/// <summary>What .NET has no door to: who owns a file, durable directories, locks that end with their process.</summary>
internal static unsafe partial class Posix
{
    public const int CreateRead = 0x40;      // O_RDONLY | O_CREAT
    public const int CreateNew = 0xC1;       // O_WRONLY | O_CREAT | O_EXCL
    public const int CreateAppend = 0x442;   // O_RDWR | O_CREAT | O_APPEND
    public const int Directory = 0x10000;    // O_DIRECTORY
    public const int NoFollow = 0x20000;     // O_NOFOLLOW
    public const int CloseOnExec = 0x80000;  // O_CLOEXEC
    public const int NonBlocking = 0x800;    // O_NONBLOCK

    /// <summary>ELOOP: with O_NOFOLLOW, the file is a symbolic link.</summary>
    public const int TooManyLinks = 40;

    /// <summary>EOPNOTSUPP: a file system that cannot reserve.</summary>
    public const int NotSupported = 95;

    /// <summary>EWOULDBLOCK.</summary>
    public const int WouldBlock = 11;

    /// <summary>Who owns a file, what it is, and which one it is.</summary>
    public readonly record struct FileFacts(uint Owner, uint Mode, ulong Inode, ulong Device)
    {
        public bool IsRegular => (Mode & 0xF000) == 0x8000;

        /// <summary>Whether somebody else than root and <paramref name="owner"/> could change it.</summary>
        public bool IsOpenTo(uint owner) => OthersMayWrite || (Owner != 0 && Owner != owner);

        /// <summary>Whether somebody beside its owner may change it. A directory with the sticky bit lets nobody rename another's file.</summary>
        public bool OthersMayWrite => (Mode & 0x12) != 0 && !((Mode & 0xF000) == 0x4000 && (Mode & 0x200) != 0);
    }

    /// <summary>Opens, or gives the errno.</summary>
    public static (SafeFileHandle? File, int Errno) Open(string path, int flags, int mode = 0x180)
    {
        var descriptor = OpenFile(path, flags | CloseOnExec, mode);
        return descriptor < 0 ? (null, Marshal.GetLastPInvokeError()) : (new SafeFileHandle(descriptor, ownsHandle: true), 0);
    }

    /// <summary>Facts of an open file; null when the kernel does not tell.</summary>
    public static FileFacts? Facts(SafeFileHandle file)
    {
        Span<byte> buffer = stackalloc byte[256];
        fixed (byte* p = buffer)
        {
            const int emptyPath = 0x1000;
            return StatHandle(file, "", emptyPath, 0x7ff, p) == 0 ? Read(buffer) : null;
        }
    }

    /// <summary>Facts of a path, of the link itself when it is one; null when there is none.</summary>
    public static FileFacts? Facts(string path)
    {
        Span<byte> buffer = stackalloc byte[256];
        fixed (byte* p = buffer)
        {
            const int here = -100, noFollow = 0x100;
            return StatPath(here, path, noFollow, 0x7ff, p) == 0 ? Read(buffer) : null;
        }
    }

    /// <summary>Where a path leads to when all links on the way are followed; null when nowhere.</summary>
    public static string? RealPath(string path)
    {
        const int pathOnly = 0x200000; // O_PATH
        var (file, _) = Open(path, pathOnly);
        using (file)
        {
            return file is null ? null : File.ResolveLinkTarget($"/proc/self/fd/{file.DangerousGetHandle()}", returnFinalTarget: false)?.FullName;
        }
    }

    /// <summary>
    /// The first of <paramref name="realPath"/> and the directories above it that somebody else than root and <paramref name="owner"/> could change, with its facts, null where
    /// they cannot be read; null when there is none.
    /// </summary>
    public static (string Path, FileFacts? Facts)? FirstOpenToOthers(string realPath, uint owner)
    {
        for (var at = realPath; at is not null; at = Path.GetDirectoryName(at))
        {
            var facts = Facts(at);
            if (facts is not { } known || known.IsOpenTo(owner))
            {
                return (at, facts);
            }
        }
        return null;
    }

    /// <summary>Makes what was renamed or made in a directory survive a power cut.</summary>
    /// <exception cref="IOException">The directory cannot be written out.</exception>
    public static void SyncDirectory(string path)
    {
        var (directory, errno) = Open(path, Directory);
        using (directory)
        {
            if (directory is null || Sync(directory) != 0)
            {
                throw new IOException($"{path}: cannot be written to disk (errno {(directory is null ? errno : Marshal.GetLastPInvokeError())})");
            }
        }
    }

    /// <summary>flock(2), exclusive, without waiting; 0 or the errno.</summary>
    public static int TryLock(SafeFileHandle file) => Lock(file, 2 | 4) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Reserves <paramref name="length"/> bytes from <paramref name="offset"/> on without making the file longer; 0 or the errno.</summary>
    public static int Reserve(SafeFileHandle file, long offset, long length) => Allocate(file, 1, offset, length) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Moves to the end of the file.</summary>
    public static void SeekToEnd(SafeFileHandle file) => _ = Seek(file, 0, 2);

    /// <summary>One read(2): the bytes read, or -1 and the errno.</summary>
    public static (int Length, int Errno) Read(SafeFileHandle file, byte[] buffer)
    {
        fixed (byte* p = buffer)
        {
            var length = (int)ReadFile(file, p, (nuint)buffer.Length);
            return (length, length < 0 ? Marshal.GetLastPInvokeError() : 0);
        }
    }

    /// <summary>The user this process acts as; 0 is root.</summary>
    public static uint EffectiveUser => UserId();

    /// <summary>Ends this process as kill -9 does.</summary>
    public static void KillSelf() => _ = Kill(Environment.ProcessId, 9);

    private static FileFacts Read(ReadOnlySpan<byte> s) => new(
        // struct statx, include/uapi/linux/stat.h.
        BitConverter.ToUInt32(s[20..]), BitConverter.ToUInt16(s[28..]), BitConverter.ToUInt64(s[32..]),
        ((ulong)BitConverter.ToUInt32(s[136..]) << 32) | BitConverter.ToUInt32(s[140..]));

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatHandle(SafeFileHandle directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatPath(int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadFile(SafeFileHandle file, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    public static partial int Advise(nuint start, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint UserId();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
