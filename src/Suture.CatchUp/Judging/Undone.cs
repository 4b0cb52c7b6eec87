namespace Suture.CatchUp.Judging;

/// <summary>
/// Commits that a later one of the range takes back: together they change nothing, so none of them may be carried, and what is built on the earlier ones
/// alone rests on what the later kernel no longer has.
/// </summary>
internal static class Undone
{
    /// <summary>The units, in the order of their commits, with those that are undone.</summary>
    public static IReadOnlyList<UnitVerdict> Run(IReadOnlyList<UnitVerdict> units)
    {
        var result = units.ToList();
        foreach (var later in units.Where(u => u.State == UnitState.NotBuilt && u.Changes.Count > 1))
        {
            var undone = result.FindAll(u => u != later && u.State != UnitState.NotBuilt && u.Changes.All(later.Changes.Contains)).ConvertAll(u => u.Id);
            for (var i = 0; i < result.Count && undone.Count > 0; i++)
            {
                var unit = result[i];
                if (unit.Id == later.Id)
                {
                    result[i] = unit with { Reason = $"it undoes {string.Join(", ", undone)}" };
                }
                else if (undone.Contains(unit.Id))
                {
                    result[i] = unit with { State = UnitState.NotBuilt, Code = null, Reason = $"undone by {later.Id}" };
                }
                else if (unit.State == UnitState.Carried && !unit.Changes.Contains(later.Id) && undone.Find(unit.Changes.Contains) is { } gone)
                {
                    result[i] = unit with { State = UnitState.WaitsFor, WaitsFor = gone, Reason = $"it needs {gone}, which {later.Id} undoes" };
                }
            }
        }
        return result;
    }
}
