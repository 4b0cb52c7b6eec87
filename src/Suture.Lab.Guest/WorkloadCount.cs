using System.Globalization;

namespace Suture.Lab.Guest;

/// <summary>
/// What the lines "NUMBER UPTIME" of the counting workload show: the numbers must have no hole, and once the livepatch comes no two lines
/// may be much further apart than before.
/// </summary>
internal sealed class WorkloadCount
{
    /// <summary>A gap that is no fault on any machine: an emulated one on a busy host stands still for seconds.</summary>
    public const long GapMs = 10_000;

    /// <summary>How many times as long as the longest before the livepatch a gap may be.</summary>
    private const int GapShare = 5;

    private long _lastMs = -1;
    private long? _longestBeforeMs;
    private bool _hole;

    /// <summary>Times round its loop.</summary>
    public long Iterations { get; private set; }

    /// <summary>Longest time between two lines, in milliseconds.</summary>
    public long LongestGapMs { get; private set; }

    /// <summary>From now on gaps may be the livepatch's fault.</summary>
    public void LivepatchComes() => _longestBeforeMs ??= LongestGapMs;

    /// <summary>What speaks against the kernel's having served all the while; null when nothing does.</summary>
    public string? Fault => Iterations == 0 ? "the workload did not begin"
        : _hole ? "the workload lost count"
        : _longestBeforeMs is { } before && LongestGapMs > Math.Max(GapMs, GapShare * before)
            ? $"the workload stood still for {LongestGapMs} ms, at most {before} ms before the livepatch"
        : null;

    /// <summary>Takes a line.</summary>
    public void Line(string text)
    {
        if (text.Split(' ') is not [var number, var uptime]
            || !long.TryParse(number, CultureInfo.InvariantCulture, out var count)
            || !double.TryParse(uptime, CultureInfo.InvariantCulture, out var seconds))
        {
            return;
        }
        _hole |= count != Iterations + 1;
        Iterations = count;
        var uptimeMs = (long)(seconds * 1000);
        Until(uptimeMs);
        _lastMs = uptimeMs;
    }

    /// <summary>That no line came until <paramref name="uptimeMs"/> is a gap too.</summary>
    public void Until(long uptimeMs)
    {
        if (_lastMs >= 0)
        {
            LongestGapMs = Math.Max(LongestGapMs, uptimeMs - _lastMs);
        }
    }
}
