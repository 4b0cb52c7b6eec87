using Suture.Diff.Findings;

namespace Suture.Diff.Review;

/// <summary>What a look at one unit finds.</summary>
/// <param name="Findings">All of it.</param>
/// <param name="Doubtful">Which of the findings, notes, are warnings where another unit drops fewer references: these may have moved.</param>
/// <param name="DropsFewer">Whether a replaced function drops fewer references than before.</param>
public sealed record UnitReview(IReadOnlyList<Finding> Findings, IReadOnlyDictionary<Finding, Finding> Doubtful, bool DropsFewer)
{
    /// <summary>The findings where others drop fewer references, or not.</summary>
    public IEnumerable<Finding> Beside(bool othersDropFewer) => othersDropFewer ? Findings.Select(f => Doubtful.GetValueOrDefault(f, f)) : Findings;
}
