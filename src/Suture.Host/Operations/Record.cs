using System.Diagnostics;
using Suture.Host.Interfaces;
using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>The two lines that an operation leaves in the history.</summary>
public sealed class Record
{
    private readonly History _history;
    private readonly HistoryLine _begun;
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    private Record(History history, HistoryLine begun) => (_history, _begun) = (history, begun);

    /// <summary>Writes the beginning; it is on disk when this returns.</summary>
    /// <exception cref="IOException">The disk is full or broken: then nothing may be begun.</exception>
    public static Record Begin(SutureHost host, string verb, InstalledPatch patch)
    {
        ArgumentNullException.ThrowIfNull(host);
        var line = Line(host, verb, patch.Name, patch.Version, History.Begun, null) with { Process = host.ThisProcess };
        host.History.Append(line);
        return new Record(host.History, line);
    }

    /// <summary>One line for what was refused, or happened in one step. That it cannot be written is no reason to fail.</summary>
    public static void Note(SutureHost host, string verb, string? patch, string? version, string outcome, string detail)
    {
        ArgumentNullException.ThrowIfNull(host);
        try
        {
            host.History.Append(Line(host, verb, patch, version, outcome, detail));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Journal.Warning($"the history cannot be written: {e.Message}; {verb} {patch}: {outcome}: {detail}");
        }
    }

    /// <summary>Writes the end. The room for it was reserved at the beginning; should it fail all the same, the journal has it.</summary>
    public void End(string outcome, string detail, long transitionMs = 0)
    {
        try
        {
            _history.Append(_begun with
            {
                At = DateTimeOffset.UtcNow,
                Process = null,
                Outcome = outcome,
                Detail = detail,
                DurationMs = _clock.ElapsedMilliseconds,
                TransitionMs = transitionMs > 0 ? transitionMs : null,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Journal.Warning($"the history cannot be written: {e.Message}; {_begun.Verb} {_begun.Patch}: {outcome}: {detail}");
        }
    }

    private static HistoryLine Line(SutureHost host, string verb, string? patch, string? version, string outcome, string? detail) => new()
    {
        Operation = Guid.NewGuid().ToString("N")[..12],
        At = DateTimeOffset.UtcNow,
        Verb = verb,
        Patch = patch,
        Version = version,
        Release = host.Running.Release,
        Who = Actor.Name(),
        Outcome = outcome,
        Detail = detail,
    };
}
