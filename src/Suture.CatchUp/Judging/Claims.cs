using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>What beside the units says something about the CVEs that a livepatch may claim (<see cref="FixedCves"/>).</summary>
/// <param name="Unjudged">Between trees, files with changes that nobody was asked to look at; null for commits.</param>
/// <param name="Elsewhere">CVEs that something names which is no unit.</param>
internal sealed record Claims(IReadOnlyList<string>? Unjudged, IReadOnlyList<string> Elsewhere)
{
    /// <summary>Of a difference whose units were judged.</summary>
    /// <param name="difference">The difference.</param>
    /// <param name="units">Its units.</param>
    /// <param name="changes">All changes by their ids.</param>
    /// <param name="unattributed">CVEs of the changelog's lines that are no unit's.</param>
    public static Claims Of(SourceDifference difference, IReadOnlyList<UnitVerdict> units, IReadOnlyDictionary<string, Change> changes, IReadOnlyList<string> unattributed)
    {
        var judged = units.SelectMany(u => u.Changes).ToHashSet(StringComparer.Ordinal);
        // Commits that --only leaves out.
        var leftOut = difference.IsByCommit ? changes.Values.Where(c => !judged.Contains(c.Id)).SelectMany(c => c.Cves) : [];
        return new(difference.IsByCommit ? null : [.. Waiting.Unjudged(units, changes).Select(c => c.Path)], [.. unattributed.Concat(leftOut).Distinct()]);
    }

    /// <summary>The CVEs of <paramref name="all"/> when <paramref name="carried"/> are in the livepatch.</summary>
    public FixedCves CvesOf(IReadOnlyList<UnitVerdict> carried, IReadOnlyList<UnitVerdict> all) => FixedCves.Of(carried, all, Unjudged, Elsewhere);
}
