using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using Suture.Host.Interfaces;

namespace Suture.Host.State;

/// <summary>A line of the history.</summary>
public sealed record HistoryLine
{
    /// <summary>Identifies the operation; its beginning and its end have the same.</summary>
    public required string Operation { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>apply, revert, boot, agent, install, remove, pin …</summary>
    public required string Verb { get; init; }

    /// <summary>Name of the patch.</summary>
    public string? Patch { get; init; }

    /// <summary>Its version.</summary>
    public string? Version { get; init; }

    /// <summary>Kernel release.</summary>
    public string? Release { get; init; }

    /// <summary>Who asked: login name and, when it differs, the user acted as.</summary>
    public string? Who { get; init; }

    /// <summary>Process that is at it; on the line that announces an operation.</summary>
    public ProcessIdentity? Process { get; init; }

    /// <summary>"begun" for a beginning; else how it ended: done, refused, stalled, unhealthy, failed, interrupted, quarantined.</summary>
    public required string Outcome { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public string? Detail { get; init; }

    /// <summary>Milliseconds from beginning to end.</summary>
    public long? DurationMs { get; init; }

    /// <summary>Milliseconds from loading the module to the end of the transition.</summary>
    public long? TransitionMs { get; init; }
}

/// <summary>
/// The append-only record. A line is on disk before the operation that it announces does anything, and room for its end is reserved with it,
/// so that a full disk cannot swallow an outcome. A line torn by a power cut is closed by the next one, never removed.
/// </summary>
public sealed class History(HostPaths paths)
{
    private const int ReservedBytes = 64 << 10;
    private const int MaxBytes = 256 << 20;

    /// <summary>Appends <paramref name="line"/>; it is on disk when this returns.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public void Append(HistoryLine line)
    {
        DurableFile.MakeDirectory(paths.State);
        var isNew = !File.Exists(paths.HistoryFile);
        // Commands end outside the lock: O_APPEND puts each line behind the others, whoever writes at the same time.
        var (file, errno) = Posix.Open(paths.HistoryFile, Posix.CreateAppend | Posix.NoFollow);
        using (file)
        {
            if (file is null)
            {
                throw new IOException($"{paths.HistoryFile}: cannot be opened (errno {errno})");
            }
            var text = JsonSerializer.Serialize(line, HistoryJson.Default.HistoryLine) + "\n";
            if (EndsTorn(file))
            {
                text = "\n" + text;
            }
            var bytes = Encoding.UTF8.GetBytes(text);
            if (line.Outcome == Begun)
            {
                // Where the file system cannot reserve, the line itself still tells whether there is room now.
                var none = Posix.Reserve(file, RandomAccess.GetLength(file) + bytes.Length, ReservedBytes);
                if (none is not (0 or Posix.NotSupported))
                {
                    throw new IOException($"{paths.HistoryFile}: no room for {ReservedBytes} bytes (errno {none})");
                }
            }
            if (FaultPoint.Observer.Value is not null || Environment.GetEnvironmentVariable("SUTURE_FAULT") is not null)
            {
                Write(file, bytes[..(bytes.Length / 2)]);
                FaultPoint.Reached("history.torn");
                bytes = bytes[(bytes.Length / 2)..];
            }
            Write(file, bytes);
            RandomAccess.FlushToDisk(file);
        }
        if (isNew)
        {
            Posix.SyncDirectory(paths.State);
        }
    }

    /// <summary>The outcome of a line that announces an operation.</summary>
    public const string Begun = "begun";

    /// <summary>All lines, oldest first; those that a power cut tore are left out.</summary>
    /// <exception cref="UnauthorizedAccessException">Its directory is not for this user.</exception>
    public IReadOnlyList<HistoryLine> Read()
    {
        DurableFile.MustBeReadable(paths.State);
        var lines = new List<HistoryLine>();
        if (!File.Exists(paths.HistoryFile) || new FileInfo(paths.HistoryFile).Length > MaxBytes)
        {
            return lines;
        }
        foreach (var text in File.ReadLines(paths.HistoryFile))
        {
            try
            {
                if (text.Length > 0 && JsonSerializer.Deserialize(text, HistoryJson.Default.HistoryLine) is { } line)
                {
                    lines.Add(line);
                }
            }
            catch (JsonException)
            {
                // Torn by a power cut.
            }
        }
        return lines;
    }

    /// <summary>One entry for each operation, oldest first: its end, or that it was interrupted.</summary>
    public IReadOnlyList<HistoryLine> Operations()
    {
        var lines = Read();
        var ended = lines.Where(l => l.Outcome != Begun).Select(l => l.Operation).ToHashSet(StringComparer.Ordinal);
        return [.. lines.Where(l => l.Outcome != Begun || !ended.Contains(l.Operation))];
    }

    /// <summary>Linux appends to a file that is open with O_APPEND wherever it is told to write: pwrite(2).</summary>
    private static void Write(SafeFileHandle file, byte[] bytes) => RandomAccess.Write(file, bytes, RandomAccess.GetLength(file));

    private static bool EndsTorn(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        var last = new byte[1];
        return length > 0 && RandomAccess.Read(file, last, length - 1) == 1 && last[0] != '\n';
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HistoryLine))]
internal sealed partial class HistoryJson : JsonSerializerContext;
