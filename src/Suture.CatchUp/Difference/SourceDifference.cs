namespace Suture.CatchUp.Difference;

/// <summary>What is to be caught up with: the changes between the source of the kernel that runs and a later one.</summary>
/// <param name="To">The later source, as reports name it: a version, a directory, a range of commits.</param>
/// <param name="Changes">Its changes, in the order in which they apply.</param>
/// <param name="Files">Between trees, what differs; null when the changes are commits.</param>
/// <param name="Log">What the distribution's changelog says of the later versions; empty when there is none.</param>
/// <param name="OtherFiles">Files that differ and are no source or header of this kernel's units: not in <paramref name="Changes"/>.</param>
public sealed record SourceDifference(
    string To, IReadOnlyList<Change> Changes, ChangedFiles? Files, IReadOnlyList<LogEntry> Log, int OtherFiles)
{
    /// <summary>Whether the changes are commits.</summary>
    public bool IsByCommit => Files is null;
}
