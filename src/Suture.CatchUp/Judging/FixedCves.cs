namespace Suture.CatchUp.Judging;

/// <summary>Which CVEs a livepatch may claim. A fix is often several changes: as long as one that names the CVE is missing, it is not fixed.</summary>
internal static class FixedCves
{
    /// <summary>CVEs of <paramref name="carried"/> that no other unit of this kernel names, nor one that was taken back, in order.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<UnitVerdict> carried, IReadOnlyList<UnitVerdict> all)
    {
        var ids = carried.Select(u => u.Id).ToHashSet(StringComparer.Ordinal);
        return Ordered(carried.SelectMany(u => u.Cves).Except(all.Where(u => (u.ConcernsBuiltCode || u.IsUndone) && !ids.Contains(u.Id)).SelectMany(u => u.Cves)));
    }

    /// <summary>All other CVEs that units name, in order.</summary>
    public static IReadOnlyList<string> NotOf(IReadOnlyList<UnitVerdict> carried, IReadOnlyList<UnitVerdict> all) =>
        Ordered(all.SelectMany(u => u.Cves).Except(Of(carried, all)));

    private static IReadOnlyList<string> Ordered(IEnumerable<string> cves) => [.. cves.Distinct().Order(StringComparer.Ordinal)];
}
