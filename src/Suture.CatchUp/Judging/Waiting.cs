using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>
/// What needs a unit that is not carried waits for it: it is built on its changes; or the other, a later commit, mends what this one does; or, between trees, its own lines
/// name a function that the other changes. The compiler cannot tell that a caller relies on what its callee was to do from now on.
/// </summary>
internal static class Waiting
{
    /// <summary>The units, with those that wait.</summary>
    public static IReadOnlyList<UnitVerdict> Run(IReadOnlyList<UnitVerdict> units, IReadOnlyDictionary<string, Change> changes)
    {
        var result = units.ToList();
        var mended = Mended(changes);
        for (var changed = true; changed;)
        {
            changed = false;
            var missing = result.FindAll(u => u.State is UnitState.Refused or UnitState.WaitsFor or UnitState.LeftOut);
            // What a carried unit brings along is there, whoever else wanted it.
            var carried = result.Where(u => u.State == UnitState.Carried).SelectMany(u => u.Changes).ToHashSet(StringComparer.Ordinal);
            for (var i = 0; i < result.Count; i++)
            {
                var unit = result[i];
                if (unit.State is UnitState.Carried or UnitState.Refused
                    && missing.Find(m => m.Id != unit.Id && (IsBuiltOn(unit, m) || (unit.State == UnitState.Carried && (Mends(m, unit, mended) || Names(unit, m, changes, carried))))
                        && !WaitsFor(m, unit, result)) is { } awaited)
                {
                    var why = Mends(awaited, unit, mended) ? $"{awaited.Id}, which mends it, is not carried" : $"it needs {awaited.Id}, which is not carried";
                    result[i] = unit with { State = UnitState.WaitsFor, WaitsFor = awaited.Id, Reason = why, Code = awaited.Code };
                    changed = true;
                }
            }
        }
        return result;
    }

    /// <summary>The earlier commits that each mends.</summary>
    private static Dictionary<string, HashSet<string>> Mended(IReadOnlyDictionary<string, Change> changes) =>
        changes.Values.Where(c => c.Commit.Mends.Count > 0)
            .ToDictionary(c => c.Id, c => changes.Values.Where(e => e != c && c.Commit.MendsOneOf(e.Commit)).Select(e => e.Id).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);

    private static bool IsBuiltOn(UnitVerdict unit, UnitVerdict missing) => unit.Changes.Contains(missing.Id) && missing.Changes.All(unit.Changes.Contains);

    private static bool Mends(UnitVerdict missing, UnitVerdict unit, Dictionary<string, HashSet<string>> mended) =>
        !unit.Changes.Contains(missing.Id) && mended.TryGetValue(missing.Id, out var faulty) && unit.Changes.Any(faulty.Contains);

    private static bool Names(UnitVerdict unit, UnitVerdict missing, IReadOnlyDictionary<string, Change> changes, HashSet<string> carried) =>
        missing.Changes.Where(c => !carried.Contains(c)).Select(c => changes[c]).Any(m => m.Items.Any(i =>
            i.IsCallable && (m.IsHeader || !i.IsLocal) && unit.Changes.Any(c => changes[c].Path != m.Path && changes[c].Mentions(i.Name))));

    /// <summary>Whether <paramref name="missing"/> itself waits for <paramref name="unit"/>, be it by others: who is refused stays so then.</summary>
    private static bool WaitsFor(UnitVerdict missing, UnitVerdict unit, List<UnitVerdict> all)
    {
        // Two headers may wait for each other from the start.
        var next = missing.WaitsFor;
        for (var steps = 0; next is not null && steps < all.Count; steps++)
        {
            if (next == unit.Id)
            {
                return true;
            }
            next = all.Find(u => u.Id == next)?.WaitsFor;
        }
        return false;
    }
}
