using System.Text;

namespace Suture.Lab.Machine;

/// <summary>The serial console, as QEMU writes it to a file. A kernel gone mad can write without end, hence the bounds.</summary>
internal sealed class ConsoleLog(string path)
{
    private const int KeepBytes = 4 << 20;

    /// <summary>How a line begins that stands for what was left out.</summary>
    public const string LeftOut = "[… ";

    /// <summary>Size past which the machine is stopped.</summary>
    public const long MaxBytes = 64 << 20;

    /// <summary>Where QEMU writes it.</summary>
    public string Path => path;

    /// <summary>Its size so far.</summary>
    public long Length => File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <summary>All of it, or its beginning and its end.</summary>
    public string Read()
    {
        if (!File.Exists(path))
        {
            return "";
        }
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var head = new byte[Math.Min(file.Length, KeepBytes)];
        file.ReadExactly(head);
        var rest = file.Length - head.Length;
        if (rest == 0)
        {
            return Text(head);
        }
        var tail = new byte[Math.Min(rest, KeepBytes)];
        file.Seek(-tail.Length, SeekOrigin.End);
        file.ReadExactly(tail);
        return rest == tail.Length ? Text([.. head, .. tail]) : $"{Text(head)}\n{LeftOut}{rest - tail.Length} bytes left out …]\n{Text(tail)}";
    }

    /// <summary>Without the carriage returns of a terminal and the screen control of the firmware.</summary>
    private static string Text(byte[] bytes) =>
        Encoding.UTF8.GetString(bytes).Replace("\r", "", StringComparison.Ordinal).Replace("\ec", "", StringComparison.Ordinal);
}
