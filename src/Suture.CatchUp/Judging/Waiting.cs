using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>
/// What needs a unit that is not carried waits for it: it is built on its changes; or commits say that the one mends the other or rests on it, or the other comes before it and changes a
/// function that it changes or names; or, between trees, its own lines name a function that the other changes, or both change what is done with the same data. The compiler cannot tell that a caller relies on what its callee was to do from now on, nor
/// who prepares what others use.
/// </summary>
internal static class Waiting
{
    /// <summary>The units, with those that wait.</summary>
    /// <param name="units">They.</param>
    /// <param name="changes">All changes by their ids.</param>
    /// <param name="data">Between trees, which parts rest on the same data.</param>
    public static IReadOnlyList<UnitVerdict> Run(IReadOnlyList<UnitVerdict> units, IReadOnlyDictionary<string, Change> changes, ILookup<string, DataLink> data)
    {
        var result = units.ToList();
        var links = CommitLinks.Among(changes);
        var order = changes.Keys.Select((id, i) => (id, i)).ToDictionary(c => c.id, c => c.i, StringComparer.Ordinal);
        var unjudged = Unjudged(units, changes);
        for (var i = 0; i < result.Count; i++)
        {
            if (result[i].State != UnitState.Carried)
            {
                continue;
            }
            var shared = Shared(result[i], data);
            if (unjudged.FirstOrDefault(c => Names(result[i], [c], changes)) is { } leftOut)
            {
                result[i] = result[i] with { State = UnitState.WaitsFor, WaitsFor = leftOut.Id, Reason = $"it needs {leftOut.Id}, which --only leaves out" };
            }
            else if (unjudged.SelectMany(c => shared[c.Id]).FirstOrDefault() is { } link)
            {
                result[i] = result[i] with { State = UnitState.WaitsFor, WaitsFor = link.On, SharesData = true, Reason = $"{Words(link)}, and --only leaves that out" };
            }
        }
        // These wait themselves, and what is built on them waits for them.
        var speakForThemselves = units.Where(u => u.State is not (UnitState.NotBuilt or UnitState.BootOnly)).Select(u => u.Id).ToHashSet(StringComparer.Ordinal);
        for (var changed = true; changed;)
        {
            changed = false;
            var missing = result.FindAll(u => u.State is UnitState.Refused or UnitState.WaitsFor or UnitState.LeftOut or UnitState.BootOnly);
            // What a carried unit brings along is there, whoever else wanted it.
            var carried = result.Where(u => u.State == UnitState.Carried).SelectMany(u => u.Changes).ToHashSet(StringComparer.Ordinal);
            for (var i = 0; i < result.Count; i++)
            {
                var unit = result[i];
                if (unit.State is not (UnitState.Carried or UnitState.Refused))
                {
                    continue;
                }
                var of = unit.Changes.Where(c => c == unit.Id || !speakForThemselves.Contains(c)).SelectMany(c => links[c]).ToLookup(l => l.On, StringComparer.Ordinal);
                var shared = Shared(unit, data);
                foreach (var awaited in missing.Where(m => m.Id != unit.Id))
                {
                    var waiting = !WaitsFor(awaited, unit, result) && Why(unit, awaited, of[awaited.Id], changes, order, carried) is { } why ? unit with { Reason = why }
                        : unit.State == UnitState.Carried && awaited.Changes.Where(c => !carried.Contains(c)).SelectMany(c => shared[c]).FirstOrDefault() is { } link ? unit with { Reason = Words(link), SharesData = true }
                        : null;
                    if (waiting is not null)
                    {
                        result[i] = waiting with { State = UnitState.WaitsFor, WaitsFor = awaited.Id, Code = awaited.Code };
                        changed = true;
                        break;
                    }
                }
            }
        }
        return result;
    }

    /// <summary>The data that a unit shares with others, by the changes of these.</summary>
    private static ILookup<string, DataLink> Shared(UnitVerdict unit, ILookup<string, DataLink> data) => unit.Changes.SelectMany(c => data[c]).ToLookup(l => l.On, StringComparer.Ordinal);

    private static string Words(DataLink link) => $"waits for {link.On}: {link.Why}";

    /// <summary>Between trees, changes that no unit was made of: nobody asked for them, and nothing brought them along.</summary>
    public static IReadOnlyList<Change> Unjudged(IReadOnlyList<UnitVerdict> units, IReadOnlyDictionary<string, Change> changes)
    {
        var judged = units.SelectMany(u => u.Changes).ToHashSet(StringComparer.Ordinal);
        return [.. changes.Values.Where(c => c.Items.Count > 0 && !judged.Contains(c.Id))];
    }

    /// <summary>Why <paramref name="unit"/> waits for what is missing; null when it need not.</summary>
    private static string? Why(UnitVerdict unit, UnitVerdict missing, IEnumerable<CommitLink> links, IReadOnlyDictionary<string, Change> changes, IReadOnlyDictionary<string, int> order, HashSet<string> carried)
    {
        var needs = $"it needs {missing.Id}, which is not carried";
        // What runs at boot only is left out without harm, unless it was to mend something.
        var isBootOnly = missing.State == UnitState.BootOnly;
        if (!isBootOnly && IsBuiltOn(unit, missing))
        {
            return needs;
        }
        if (unit.State != UnitState.Carried)
        {
            return null;
        }
        foreach (var link in links)
        {
            switch (link.Kind)
            {
                case LinkKind.MendedBy when !unit.Changes.Contains(missing.Id):
                    return $"{missing.Id}, which mends {(link.Of == unit.Id ? "it" : link.Of)}, is not carried";
                case LinkKind.Needs when !unit.Changes.Contains(missing.Id):
                    return needs;
                case LinkKind.Mends when !isBootOnly && !carried.Contains(missing.Id):
                    return $"it mends {missing.Id}, which is not carried";
            }
        }
        var gone = missing.Changes.Where(c => !carried.Contains(c)).Select(c => changes[c]).ToList();
        return isBootOnly ? null : Names(unit, gone, changes) ? needs : CommitRest.Why(unit, gone, changes, order);
    }

    private static bool IsBuiltOn(UnitVerdict unit, UnitVerdict missing) => unit.Changes.Contains(missing.Id) && missing.Changes.All(unit.Changes.Contains);

    /// <summary>Whether lines of <paramref name="unit"/> name what one of <paramref name="others"/> changes and others may call.</summary>
    private static bool Names(UnitVerdict unit, IEnumerable<Change> others, IReadOnlyDictionary<string, Change> changes) =>
        others.Any(m => m.Items.Any(i => i.IsCallable && (m.IsHeader || !i.IsLocal) && unit.Changes.Any(c => changes[c].Path != m.Path && changes[c].Mentions(i.Name))));

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
