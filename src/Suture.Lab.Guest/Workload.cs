using System.Diagnostics;
using System.Globalization;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>
/// A process that runs during everything and prints a line "NUMBER UPTIME" each time round. It shows that the
/// kernel kept serving: the numbers have no hole and no two lines are far apart.
/// </summary>
internal sealed class Workload : IDisposable
{
    private readonly Process _process;
    private readonly EventPort _port;
    private readonly Lock _lock = new();
    private long _iterations;
    private long _lastMs = -1;
    private long _longestGapMs;
    private bool _hole;

    private Workload(Process process, EventPort port)
    {
        _process = process;
        _port = port;
    }

    public static Workload Start(string program, EventPort port)
    {
        var start = new ProcessStartInfo(program) { WorkingDirectory = "/lab", RedirectStandardOutput = true };
        var workload = new Workload(Process.Start(start)!, port);
        workload._process.OutputDataReceived += (_, e) => workload.Line(e.Data);
        workload._process.BeginOutputReadLine();
        return workload;
    }

    /// <summary>Tells the host how it fares.</summary>
    public void Report()
    {
        lock (_lock)
        {
            _port.Send(new GuestEvent
            {
                Kind = GuestEventKind.Workload,
                Ok = !_hole && !_process.HasExited && _iterations > 0,
                Iterations = _iterations,
                LongestGapMs = _longestGapMs,
                Detail = _process.HasExited ? "the workload ended" : _hole ? "the workload lost count" : "running",
            });
        }
    }

    private void Line(string? text)
    {
        if (text is null || text.Split(' ') is not [var number, var uptime]
            || !long.TryParse(number, CultureInfo.InvariantCulture, out var count)
            || !double.TryParse(uptime, CultureInfo.InvariantCulture, out var seconds))
        {
            return;
        }
        lock (_lock)
        {
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

    public void Dispose() => _process.Kill(entireProcessTree: true);
}
