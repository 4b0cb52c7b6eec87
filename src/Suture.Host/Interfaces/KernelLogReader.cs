using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Suture.Host.Interfaces;

/// <summary>
/// The kernel log from now on, record by record (/dev/kmsg, Documentation/ABI/testing/dev-kmsg): "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT".
/// Records that the ring buffer lost before they were read are skipped.
/// </summary>
public sealed class KernelLogReader : IDisposable
{
    /// <summary>EPIPE: records were overwritten before they were read; reading goes on with the oldest there is.</summary>
    private const int Overwritten = 32;

    private const int MaxRecords = 10_000;
    private readonly SafeFileHandle? _file;
    private readonly byte[] _buffer = new byte[8192];

    /// <summary>Opens it at its end. A kernel log that cannot be read has no records.</summary>
    public KernelLogReader(KernelPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _file = Posix.Open(paths.KernelLog, Posix.NonBlocking).File;
        if (_file is not null)
        {
            Posix.SeekToEnd(_file);
        }
    }

    /// <summary>Whether the log can be read.</summary>
    public bool IsOpen => _file is not null;

    /// <summary>The text of each record that came since the last call, oldest first.</summary>
    public IReadOnlyList<string> Read()
    {
        var records = new List<string>();
        while (_file is not null && records.Count < MaxRecords)
        {
            var (length, errno) = Posix.Read(_file, _buffer);
            if (length <= 0)
            {
                if (errno == Overwritten)
                {
                    continue;
                }
                break;
            }
            var record = Encoding.UTF8.GetString(_buffer, 0, length);
            var text = record.IndexOf(';', StringComparison.Ordinal);
            records.Add(record[(text + 1)..].Split('\n')[0]);
        }
        return records;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();
}
