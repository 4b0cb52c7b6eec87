namespace Suture.CatchUp.Difference;

/// <summary>What is to be caught up with: the changes between the source of the kernel that runs and a later one.</summary>
/// <param name="To">The later source, as reports name it: a version, a directory, a range of commits.</param>
/// <param name="Changes">Its changes, in the order in which they apply.</param>
/// <param name="Files">Between trees, what differs; null when the changes are commits.</param>
/// <param name="Log">What the distribution's changelog says of the later versions; empty when there is none.</param>
/// <param name="OtherFiles">Sources and headers that differ and that nothing of this kernel is built from, new sources among them: not in <paramref name="Changes"/>.</param>
public sealed record SourceDifference(
    string To, IReadOnlyList<Change> Changes, ChangedFiles? Files, IReadOnlyList<LogEntry> Log, int OtherFiles)
{
    /// <summary>Between trees, what differs in a source file as a whole, where that is several changes: one build of all is tried first.</summary>
    public IReadOnlyList<Change> WholeFiles { get; init; } = [];

    /// <summary>Between trees, sources that the kernel is built from and the later source does not have. They are no changes that could be built.</summary>
    public IReadOnlyList<Change> Gone { get; init; } = [];

    /// <summary>What makes the difference as a whole doubtful; null when nothing does.</summary>
    public string? Warning { get; init; }

    /// <summary>Between trees, why <see cref="Log"/> is not known; null when it is.</summary>
    public string? LogFault { get; init; }

    /// <summary>Whether the changes are commits.</summary>
    public bool IsByCommit => Files is null;
}
