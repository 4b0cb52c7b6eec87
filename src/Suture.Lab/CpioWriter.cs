using System.Text;

namespace Suture.Lab;

/// <summary>
/// Writes an archive in the "newc" cpio format, the one the kernel unpacks as an initramfs
/// (Documentation/driver-api/early-userspace/buffer-format.rst). All is owned by root, without times, so that the same
/// input gives the same bytes.
/// </summary>
public sealed class CpioWriter(Stream output) : IDisposable
{
    private const int DirectoryMode = 0x41ED; // S_IFDIR | 0755
    private const int FileType = 0x8000; // S_IFREG
    private const int LinkMode = 0xA1FF; // S_IFLNK | 0777
    private const int DeviceType = 0x2000; // S_IFCHR

    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
    private int _inode = 1;
    private bool _ended;

    /// <summary>Adds a directory and those above it; one that is there already is left as it is.</summary>
    public void Directory(string path)
    {
        path = path.Trim('/');
        if (path.Length > 0 && _paths.Add(path))
        {
            Parent(path);
            Header(path, DirectoryMode, 0);
        }
    }

    /// <summary>Whether something of that path was added.</summary>
    public bool Has(string path) => _paths.Contains(path.Trim('/'));

    /// <summary>Adds a regular file with permission bits <paramref name="mode"/>; the first of two with one path wins.</summary>
    /// <returns>Whether it was added.</returns>
    public bool File(string path, ReadOnlySpan<byte> content, int mode = 0x1A4 /* 0644 */)
    {
        path = path.Trim('/');
        if (!_paths.Add(path))
        {
            return false;
        }
        Parent(path);
        Header(path, FileType | mode, content.Length);
        output.Write(content);
        Pad(content.Length);
        return true;
    }

    /// <summary>Adds a symbolic link to <paramref name="target"/>.</summary>
    public void Link(string path, string target)
    {
        path = path.Trim('/');
        if (!_paths.Add(path))
        {
            return;
        }
        Parent(path);
        var content = Encoding.UTF8.GetBytes(target);
        Header(path, LinkMode, content.Length);
        output.Write(content);
        Pad(content.Length);
    }

    /// <summary>Adds a character device.</summary>
    public void Device(string path, int major, int minor)
    {
        path = path.Trim('/');
        _paths.Add(path);
        Parent(path);
        Header(path, DeviceType | 0x180 /* 0600 */, 0, major, minor);
    }

    /// <summary>Writes the end of the archive.</summary>
    public void Dispose()
    {
        if (!_ended)
        {
            _ended = true;
            Header("TRAILER!!!", 0, 0);
        }
    }

    private void Parent(string path)
    {
        if (path.LastIndexOf('/') is > 0 and var at)
        {
            Directory(path[..at]);
        }
    }

    /// <summary>"070701", then 13 numbers of 8 hexadecimal digits, the name with its zero byte, padded to 4 bytes.</summary>
    private void Header(string path, int mode, int size, int major = 0, int minor = 0)
    {
        var name = Encoding.UTF8.GetBytes(path);
        var header = new StringBuilder(110).Append("070701");
        int[] fields = [_inode++, mode, 0, 0, 1, 0, size, 0, 0, major, minor, name.Length + 1, 0];
        foreach (var field in fields)
        {
            header.Append(field.ToString("X8"));
        }
        output.Write(Encoding.ASCII.GetBytes(header.ToString()));
        output.Write(name);
        output.WriteByte(0);
        Pad(110 + name.Length + 1);
    }

    private void Pad(int written) => output.Write("\0\0\0"u8[..(-written & 3)]);
}
