using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Commits that a later one of the range takes back: together they change nothing, so none of them may be carried, and what is built on the earlier ones
/// alone rests on what the later kernel no longer has.
/// </summary>
internal static class Undone
{
    /// <summary>As git calls one, and one of a revert; who takes back a part only gives it another title.</summary>
    private static readonly string[] WholeRevert = ["Revert \"", "Reapply \""];

    /// <summary>The units, in the order of their commits, with those that are undone.</summary>
    public static IReadOnlyList<UnitVerdict> Run(IReadOnlyList<UnitVerdict> units, IReadOnlyDictionary<string, Change> changes)
    {
        var result = units.ToList();
        // The latest first: a revert that was taken back takes nothing back.
        foreach (var later in units.Reverse().Where(u => u.Changes.Count > 1 && !result.Exists(r => r.Id == u.Id && r.IsUndone)))
        {
            var undone = result.FindAll(u => u.Id != later.Id && !u.IsUndone && IsUndoneBy(u, later, changes)).ConvertAll(u => u.Id);
            for (var i = 0; i < result.Count && undone.Count > 0; i++)
            {
                var unit = result[i];
                if (unit.Id == later.Id)
                {
                    result[i] = unit with { State = UnitState.NotBuilt, Code = null, IsUndone = true, Reason = $"it undoes {string.Join(", ", undone)}" };
                }
                else if (undone.Contains(unit.Id))
                {
                    result[i] = unit with { State = UnitState.NotBuilt, Code = null, IsUndone = true, Reason = $"undone by {later.Id}" };
                }
                else if (unit.State == UnitState.Carried && !unit.Changes.Contains(later.Id) && undone.Find(unit.Changes.Contains) is { } gone)
                {
                    result[i] = unit with { State = UnitState.WaitsFor, WaitsFor = gone, Reason = $"it needs {gone}, which {later.Id} undoes" };
                }
            }
        }
        return result;
    }

    /// <summary>Whether a later unit takes an earlier one back: nothing is left of all it is built on, or it says so and all else it is built on has units of its own.</summary>
    private static bool IsUndoneBy(UnitVerdict unit, UnitVerdict later, IReadOnlyDictionary<string, Change> changes) =>
        (later.State == UnitState.NotBuilt && unit.State != UnitState.NotBuilt && unit.Changes.All(later.Changes.Contains))
        || (later.Changes.Contains(unit.Id) && WholeRevert.Any(t => later.Title.StartsWith(t, StringComparison.Ordinal)) && changes[unit.Id].Commit.IsOneOf(changes[later.Id].Commit.Reverts));
}
