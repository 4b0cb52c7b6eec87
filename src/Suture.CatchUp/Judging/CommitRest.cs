using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Whether a commit rests on an earlier one, though neither says so: both change one function, or the later one's lines name a function that the earlier one changes. The commits of a series
/// seldom name each other, and the compiler cannot tell that a caller relies on what its callee was to do from then on.
/// </summary>
internal static class CommitRest
{
    /// <summary>Why <paramref name="unit"/> is not to be carried without one of <paramref name="missing"/>; null when it need not wait.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="missing">Changes that are not carried.</param>
    /// <param name="changes">All changes by their ids, in the order in which they apply.</param>
    /// <param name="order">Where each stands among them.</param>
    public static string? Why(UnitVerdict unit, IEnumerable<Change> missing, IReadOnlyDictionary<string, Change> changes, IReadOnlyDictionary<string, int> order)
    {
        foreach (var earlier in missing)
        {
            foreach (var change in unit.Changes.Where(c => order[c] > order[earlier.Id]).Select(c => changes[c]))
            {
                foreach (var (file, item) in earlier.Touched.Where(t => t.Item.IsCallable))
                {
                    if (change.Touched.Any(t => t.File == file && t.Item.Name == item.Name))
                    {
                        return $"{earlier.Id}, which changes {item.Name} before it does, is not carried";
                    }
                    if ((!item.IsLocal || file.EndsWith(".h", StringComparison.Ordinal) || change.Files.Contains(file)) && change.Mentions(item.Name))
                    {
                        return $"its lines name {item.Name}, which {earlier.Id} changes before, and that is not carried";
                    }
                }
            }
        }
        return null;
    }
}
