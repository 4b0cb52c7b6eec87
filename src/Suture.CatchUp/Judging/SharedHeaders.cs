using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>
/// A changed header goes with those who need the change: units between trees that need the same one, and fare alike, are one unit. What waits for a
/// header that cannot be carried is one with it; not what only rests on the same data, which was good by itself.
/// </summary>
internal static class SharedHeaders
{
    /// <summary>The units, joined; each stands where its first one stood.</summary>
    public static IReadOnlyList<UnitVerdict> Join(IReadOnlyList<UnitVerdict> units, IReadOnlyDictionary<string, Change> changes)
    {
        var groups = new List<List<UnitVerdict>>();
        foreach (var unit in units)
        {
            var related = groups.FindAll(g => g.Exists(other => AreOne(unit, other, changes)));
            groups.RemoveAll(related.Contains);
            groups.Add([.. related.SelectMany(g => g), unit]);
        }
        var places = units.Select((u, i) => (u.Id, i)).ToDictionary(x => x.Id, x => x.i, StringComparer.Ordinal);
        return [.. groups.Select(g => g.OrderBy(u => places[u.Id]).ToList()).OrderBy(g => places[g[0].Id]).Select(g => g.Count == 1 ? g[0] : One(g))];
    }

    private static bool AreOne(UnitVerdict a, UnitVerdict b, IReadOnlyDictionary<string, Change> changes) =>
        a.State == UnitState.Carried && b.State == UnitState.Carried
            ? a.Changes.Intersect(b.Changes).Any(c => changes[c].IsHeader)
            : !a.SharesData && !b.SharesData && ((a.WaitsFor is { } awaited && (awaited == b.Id || awaited == b.WaitsFor) && changes[awaited].IsHeader) || (b.WaitsFor == a.Id && changes[a.Id].IsHeader));

    private static UnitVerdict One(List<UnitVerdict> group)
    {
        // The header that all wait for says why.
        var first = group.Find(u => u.State == UnitState.Refused) ?? group[0];
        return first with
        {
            Title = $"{first.Title}; with {string.Join(", ", group.Where(u => u != first).Select(u => u.Id))}",
            Changes = [.. group.SelectMany(u => u.Changes).Distinct()],
            Files = [.. group.SelectMany(u => u.Files).Distinct()],
            Functions = [.. group.SelectMany(u => u.Functions).Distinct().Order(StringComparer.Ordinal)],
            Findings = [.. group.SelectMany(u => u.Findings).Distinct()],
            Accepted = group.Exists(u => u.Accepted is not null) ? string.Join("; ", group.Select(u => u.Accepted).OfType<string>().Distinct()) : null,
        };
    }
}
