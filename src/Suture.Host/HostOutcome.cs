namespace Suture.Host;

/// <summary>How an operation on a host ended.</summary>
public enum HostResult
{
    /// <summary>It is done.</summary>
    Done,
    /// <summary>There was nothing to do.</summary>
    Nothing,
    /// <summary>Refused: nothing was changed. See <see cref="HostOutcome.Kind"/>.</summary>
    Refused,
    /// <summary>The transition did not complete in time and was turned round: the host is as before.</summary>
    Stalled,
    /// <summary>The patch was applied, found to do harm, and taken back and put into quarantine.</summary>
    Unhealthy,
    /// <summary>It was done, and whether it does harm was not found out: the operation was told to end. The patch stays on probation.</summary>
    Interrupted,
    /// <summary>It went wrong, and the message says in what state the host is.</summary>
    Failed,
}

/// <summary>How an operation on a host ended.</summary>
public sealed record HostOutcome
{
    /// <summary>The end.</summary>
    public required HostResult Result { get; init; }

    /// <summary>The end in a word, as the history and JSON have it.</summary>
    public string Word => Result switch
    {
        HostResult.Done => "done",
        HostResult.Nothing => "nothing",
        HostResult.Refused => "refused",
        HostResult.Stalled => "stalled",
        HostResult.Unhealthy => "unhealthy",
        HostResult.Interrupted => "interrupted",
        _ => "failed",
    };

    /// <summary>What happened, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What to do next; empty when nothing is needed.</summary>
    public string Advice { get; init; } = "";

    /// <summary>For a refusal: what kind of reason.</summary>
    public RefusalKind? Kind { get; init; }

    /// <summary>The patch it is about.</summary>
    public string? Patch { get; init; }

    /// <summary>Tasks that held up the transition.</summary>
    public IReadOnlyList<BlockingTask> Blockers { get; init; } = [];

    /// <summary>Functions that the patch replaces: where they occur in a blocker's stack, they are the reason.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>Milliseconds from loading the module to the end of the transition; 0 when there was none.</summary>
    public long TransitionMs { get; init; }

    /// <summary>What else should be known.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    internal static HostOutcome Of(Refusal refusal, string? patch = null) =>
        new() { Result = HostResult.Refused, Kind = refusal.Kind, Message = refusal.Message, Advice = refusal.Advice, Patch = patch };
}
