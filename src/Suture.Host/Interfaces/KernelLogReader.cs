using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Suture.Host.Interfaces;

/// <summary>A record of the kernel log.</summary>
/// <param name="IsKernels">Whether the kernel itself wrote it (facility 0), not a program by way of /dev/kmsg.</param>
/// <param name="Level">From 0, emergency, to 7, debugging.</param>
/// <param name="Text">Its first line.</param>
public readonly record struct KernelRecord(bool IsKernels, int Level, string Text);

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

    /// <summary>Each record that came since the last call, oldest first.</summary>
    public IReadOnlyList<KernelRecord> Read()
    {
        var records = new List<KernelRecord>();
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
            records.Add(Parse(Encoding.UTF8.GetString(_buffer, 0, length)));
        }
        return records;
    }

    /// <summary>The lower three bits of the priority are the level, the others the facility (syslog(3)).</summary>
    private static KernelRecord Parse(string record)
    {
        var text = record.IndexOf(';', StringComparison.Ordinal);
        _ = int.TryParse(record.Split(',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var priority);
        return new KernelRecord(priority >> 3 == 0, priority & 7, record[(text + 1)..].Split('\n')[0]);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();
}
