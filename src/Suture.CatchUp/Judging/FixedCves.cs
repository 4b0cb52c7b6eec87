namespace Suture.CatchUp.Judging;

/// <summary>Which CVEs a livepatch may claim. A fix is often several changes: as long as one that names the CVE is missing, it is not fixed.</summary>
/// <param name="Fixed">CVEs of what is carried that no other unit of this kernel names, nor one that was taken back, in order.</param>
/// <param name="NotFixed">CVEs that units name which are not carried, in order.</param>
/// <param name="Unsure">
/// Between trees, CVEs of what is carried where something beside it is not, in order. A changelog's title often names only one of the functions that its fix changes, and mostly the others
/// are near.
/// </param>
internal sealed record FixedCves(IReadOnlyList<string> Fixed, IReadOnlyList<string> NotFixed, IReadOnlyList<string> Unsure)
{
    /// <summary>The CVEs that <paramref name="all"/> name, when some of them are carried.</summary>
    /// <param name="carried">What the livepatch is made of.</param>
    /// <param name="all">All units.</param>
    /// <param name="unjudged">Between trees, files with changes that nobody was asked to look at; null for commits, which name their CVEs themselves.</param>
    public static FixedCves Of(IReadOnlyList<UnitVerdict> carried, IReadOnlyList<UnitVerdict> all, IReadOnlyList<string>? unjudged)
    {
        var ids = carried.Select(u => u.Id).ToHashSet(StringComparer.Ordinal);
        var missing = all.Where(u => u.ConcernsBuiltCode && !ids.Contains(u.Id)).ToList();
        var gone = missing.Concat(all.Where(u => u.IsUndone)).SelectMany(u => u.Cves);
        var near = (unjudged is null ? [] : missing.SelectMany(u => u.Files).Concat(unjudged).Select(Path.GetDirectoryName)).ToHashSet(StringComparer.Ordinal);
        var unsure = Ordered(carried.Where(u => u.Files.Any(f => near.Contains(Path.GetDirectoryName(f)))).SelectMany(u => u.Cves).Except(gone));
        var isFixed = Ordered(carried.SelectMany(u => u.Cves).Except(gone).Except(unsure));
        return new(isFixed, Ordered(all.SelectMany(u => u.Cves).Except(isFixed).Except(unsure)), unsure);
    }

    private static IReadOnlyList<string> Ordered(IEnumerable<string> cves) => [.. cves.Distinct().Order(StringComparer.Ordinal)];
}
