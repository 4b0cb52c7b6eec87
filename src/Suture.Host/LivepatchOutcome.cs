namespace Suture.Host;

/// <summary>How an operation on a livepatch ended.</summary>
public enum LivepatchStatus
{
    /// <summary>It is done.</summary>
    Done,
    /// <summary>The kernel refused; nothing changed.</summary>
    Refused,
    /// <summary>The transition did not complete within its bound; it was reversed and the former state is back.</summary>
    Stalled,
    /// <summary>The transition did not complete, and neither did its reversal; the kernel is still in transition.</summary>
    Stuck,
}

/// <summary>How an operation on a livepatch ended, and why.</summary>
/// <param name="Status">The end.</param>
/// <param name="Detail">One sentence for people.</param>
/// <param name="Blockers">Tasks that held up the transition, when it did not complete.</param>
public sealed record LivepatchOutcome(LivepatchStatus Status, string Detail, IReadOnlyList<BlockingTask> Blockers)
{
    /// <summary>Whether it is done.</summary>
    public bool Ok => Status == LivepatchStatus.Done;

    internal static LivepatchOutcome Done(string detail) => new(LivepatchStatus.Done, detail, []);

    /// <summary>Whether the kernel refused the module for its signature.</summary>
    public bool IsForSignature { get; init; }

    internal static LivepatchOutcome Refused(string detail) => new(LivepatchStatus.Refused, detail, []);

    internal static LivepatchOutcome NotLoaded(string name, int errno) =>
        Refused($"{name} was not loaded: {ModuleErrors.OfLoad(errno)}") with { IsForSignature = ModuleErrors.IsOfSignature(errno) };
}
