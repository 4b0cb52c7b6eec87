namespace Suture.CatchUp.Judging;

/// <summary>Which CVEs a livepatch may claim. A fix is often several changes: as long as one that names the CVE is missing, it is not fixed.</summary>
/// <param name="Fixed">CVEs of what is carried that no other unit of this kernel names, nor one that was taken back, in order.</param>
/// <param name="NotFixed">CVEs that units name which are not carried, or were taken back, in order.</param>
/// <param name="Unsure">
/// CVEs of which something may be elsewhere, in order. Between trees it may be in what is not carried beside those who name it: a changelog's title often names only one of the functions
/// that its fix changes, and mostly the others are near.
/// </param>
/// <param name="NotOfKernel">CVEs that only units name which change no code of this kernel, in order.</param>
/// <param name="AlreadyThere">CVEs that only units name which the kernel that runs has already, or which change no code of it, in order.</param>
internal sealed record FixedCves(
    IReadOnlyList<string> Fixed, IReadOnlyList<string> NotFixed, IReadOnlyList<string> Unsure, IReadOnlyList<string> NotOfKernel, IReadOnlyList<string> AlreadyThere)
{
    /// <summary>The CVEs that <paramref name="all"/> name, when some of them are carried.</summary>
    /// <param name="carried">What the livepatch is made of.</param>
    /// <param name="all">All units.</param>
    /// <param name="unjudged">Between trees, files with changes that nobody was asked to look at; null for commits, which name their CVEs themselves.</param>
    /// <param name="elsewhere">CVEs that something names which is no unit: a line of the changelog, or a commit that nobody was asked to look at.</param>
    public static FixedCves Of(IReadOnlyList<UnitVerdict> carried, IReadOnlyList<UnitVerdict> all, IReadOnlyList<string>? unjudged, IEnumerable<string> elsewhere)
    {
        var ids = carried.Select(u => u.Id).ToHashSet(StringComparer.Ordinal);
        var missing = all.Where(u => u.ConcernsBuiltCode && !ids.Contains(u.Id)).ToList();
        var gone = Ordered(missing.Concat(all.Where(u => u.IsUndone)).SelectMany(u => u.Cves));
        var near = (unjudged is null ? [] : missing.SelectMany(u => u.Files).Concat(unjudged).Select(Path.GetDirectoryName)).ToHashSet(StringComparer.Ordinal);
        var others = elsewhere.ToHashSet(StringComparer.Ordinal);
        var known = all.SelectMany(u => u.Cves.Select(c => (Cve: c, Unit: u))).ToLookup(x => x.Cve, x => x.Unit, StringComparer.Ordinal);
        var (isFixed, unsure, notOfKernel, there) = (new List<string>(), new List<string>(), new List<string>(), new List<string>());
        foreach (var cve in Ordered(known.Select(k => k.Key)).Except(gone))
        {
            var those = known[cve].Where(u => ids.Contains(u.Id)).ToList();
            var list = others.Contains(cve) || (those.Count > 0 ? those : known[cve]).Any(u => u.Files.Any(f => near.Contains(Path.GetDirectoryName(f)))) ? unsure
                : those.Count > 0 ? isFixed : known[cve].Any(u => u.State == UnitState.AlreadyThere) ? there : notOfKernel;
            list.Add(cve);
        }
        return new(isFixed, gone, unsure, notOfKernel, there);
    }

    private static IReadOnlyList<string> Ordered(IEnumerable<string> cves) => [.. cves.Distinct().Order(StringComparer.Ordinal)];
}
