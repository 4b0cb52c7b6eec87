using System.Globalization;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>
/// A process that runs during everything and prints a line "NUMBER UPTIME" each time round. It shows that the
/// kernel kept serving: the numbers have no hole and no two lines are far apart.
/// </summary>
internal sealed class Workload
{
    private const string OutputFile = "/tmp/workload.out";

    private readonly ChildProcess? _process;
    private readonly OutputLines _output = new(OutputFile);
    private long _iterations;
    private long _lastMs = -1;
    private long _longestGapMs;
    private bool _hole;

    private Workload(ChildProcess? process) => _process = process;

    public static Workload Start(string program) => new(ChildProcess.Start(program, OutputFile, out _));

    /// <summary>How it has fared up to now.</summary>
    public GuestEvent Report()
    {
        _output.Read(atEnd: false, Line);
        var runs = _process is { IsRunning: true };
        return new GuestEvent
        {
            Kind = GuestEventKind.Workload,
            Ok = runs && !_hole && _iterations > 0,
            Iterations = _iterations,
            LongestGapMs = _longestGapMs,
            Detail = !runs ? "the workload ended" : _hole ? "the workload lost count" : "running",
        };
    }

    private void Line(string text)
    {
        if (text.Split(' ') is not [var number, var uptime]
            || !long.TryParse(number, CultureInfo.InvariantCulture, out var count)
            || !double.TryParse(uptime, CultureInfo.InvariantCulture, out var seconds))
        {
            return;
        }
        var ms = (long)(seconds * 1000);
        _hole |= count != _iterations + 1;
        _iterations = count;
        if (_lastMs >= 0)
        {
            _longestGapMs = Math.Max(_longestGapMs, ms - _lastMs);
        }
        _lastMs = ms;
    }
}
