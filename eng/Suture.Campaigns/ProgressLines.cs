using System.Diagnostics;
using Suture.Kernel;

namespace Suture.Campaigns;

/// <summary>Progress on standard error: one line at each new stage, and every few seconds how far it is.</summary>
internal sealed class ProgressLines(string campaign) : IProgress<ProgressReport>
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private string _stage = "";
    private TimeSpan _last;

    /// <inheritdoc/>
    public void Report(ProgressReport value)
    {
        lock (_lock)
        {
            if (value.Stage == _stage && _clock.Elapsed - _last < Every)
            {
                return;
            }
            (_stage, _last) = (value.Stage, _clock.Elapsed);
            var amount = value.Total > 0 ? $" {value.Done}/{value.Total}" : value.Done > 0 ? $" {value.Done}" : "";
            Console.Error.WriteLine($"{campaign}: {_clock.Elapsed:hh\\:mm\\:ss} {value.Stage}{amount}");
        }
    }

    /// <summary>A remark that is always shown.</summary>
    public void Note(string text)
    {
        lock (_lock)
        {
            Console.Error.WriteLine($"{campaign}: {_clock.Elapsed:hh\\:mm\\:ss} {text}");
        }
    }
}
