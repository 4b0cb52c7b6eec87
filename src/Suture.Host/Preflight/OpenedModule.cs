using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Suture.Host.Interfaces;
using Suture.Host.State;
using Suture.Module;

namespace Suture.Host.Preflight;

/// <summary>
/// A module file that was opened once. What is checked, what is copied into the store and what the kernel gets all come from the one
/// descriptor: a file or link that is exchanged meanwhile is not followed, and is noticed.
/// </summary>
public sealed class OpenedModule : IDisposable
{
    private const long MaxBytes = 256 << 20;
    private const string Reinstall = "put the file where only root can write, e.g.: install -o root -g root -m 0644 FILE /root/";

    private readonly string _path;
    private readonly Posix.FileFacts _facts;

    private OpenedModule(SafeFileHandle handle, string path, Posix.FileFacts facts, byte[] bytes, LivepatchFile content)
    {
        Handle = handle;
        _path = path;
        _facts = facts;
        Bytes = bytes;
        Content = content;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    /// <summary>The descriptor.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Its bytes.</summary>
    public byte[] Bytes { get; }

    /// <summary>SHA-256 of its bytes, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>What it says about itself.</summary>
    public LivepatchFile Content { get; }

    /// <summary>Its note.</summary>
    public LivepatchNote Note => Content.Note;

    /// <summary>Opens and reads <paramref name="path"/>, which nobody but <paramref name="owner"/> may be able to change.</summary>
    public static (OpenedModule? Module, Refusal? Refusal) Open(string path, uint owner = 0)
    {
        path = Path.GetFullPath(path);
        var (handle, errno) = Posix.Open(path, Posix.NoFollow | Posix.NonBlocking);
        if (handle is null)
        {
            return (null, errno == Posix.TooManyLinks
                ? Host($"{path} is a symbolic link", "name the file itself: a link can be turned to another file between check and load")
                : Host($"{path} cannot be opened: {(errno == 2 ? "there is no such file" : errno == 13 ? "permission denied" : $"errno {errno}")}", "check the name, and run as root"));
        }
        OpenedModule? opened = null;
        try
        {
            if (Posix.Facts(handle) is not { } facts)
            {
                return (null, Host($"{path}: its owner cannot be read", Reinstall));
            }
            if (WritableByOthers(path, facts, owner) is { } open)
            {
                return (null, open);
            }
            var length = RandomAccess.GetLength(handle);
            if (length > MaxBytes)
            {
                return (null, new Refusal(RefusalKind.Verification, $"{path} has {length} bytes, more than any module", "give a module that suture build made"));
            }
            var bytes = new byte[length];
            for (var at = 0; at < bytes.Length;)
            {
                var read = RandomAccess.Read(handle, bytes.AsSpan(at), at);
                if (read == 0)
                {
                    return (null, new Refusal(RefusalKind.Verification, $"{path} became shorter while it was read", "wait until it is written, then try again"));
                }
                at += read;
            }
            opened = new OpenedModule(handle, path, facts, bytes, LivepatchFile.Read(bytes, path));
            return (opened, null);
        }
        catch (ModuleFileException e)
        {
            return (null, new Refusal(RefusalKind.Verification, e.Message, e.Advice));
        }
        finally
        {
            if (opened is null)
            {
                handle.Dispose();
            }
        }
    }

    /// <summary>Opens the file of an installed patch, which must be the one that was installed.</summary>
    internal static (OpenedModule? Module, Refusal? Refusal) OpenInstalled(SutureHost host, InstalledPatch patch)
    {
        var path = host.Paths.Patch(patch.Release, patch.Name);
        var (module, refusal) = Open(path, host.Owner);
        if (module is null || module.Sha256 == patch.Sha256)
        {
            return (module, refusal);
        }
        module.Dispose();
        return (null, new Refusal(RefusalKind.Verification, $"{path} is not the file that was installed", "apply the module file again from where it was built"));
    }

    /// <summary>Why the name does not lead to the opened file any more; null when it does.</summary>
    public Refusal? Exchanged()
    {
        var now = Posix.Facts(_path);
        return now is { } facts && facts.Inode == _facts.Inode && facts.Device == _facts.Device ? null
            : Host($"{_path} was exchanged for another file while it was being checked", "find out who did that; nothing was loaded");
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    /// <summary>Who can write the file, or rename anything on the way to it, decides what runs in the kernel.</summary>
    private static Refusal? WritableByOthers(string path, Posix.FileFacts file, uint owner)
    {
        if (!file.IsRegular)
        {
            return Host($"{path} is not a regular file", "give a module that suture build made");
        }
        // Links among the directories are followed first: what counts is where the file lies.
        if (Posix.RealPath(Path.GetDirectoryName(path)!) is not { } directory)
        {
            return Host($"{path}: its directory cannot be read", Reinstall);
        }
        if ((file.IsOpenTo(owner) ? (path, (Posix.FileFacts?)file) : Posix.FirstOpenToOthers(directory, owner)) is not { } open)
        {
            return null;
        }
        return open.Facts is not { } facts ? Host($"{open.Path}: its owner cannot be read", Reinstall)
            : facts.Owner != 0 && facts.Owner != owner ? Host($"{open.Path} belongs to user {facts.Owner}, not to root: that user decides what would run in the kernel", Reinstall)
            : Host($"{open.Path} can be written by others than its owner (mode {Convert.ToString(facts.Mode & 0xFFF, 8)})", Reinstall);
    }

    private static Refusal Host(string message, string advice) => new(RefusalKind.Host, message, advice);
}
