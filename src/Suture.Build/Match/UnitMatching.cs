using Suture.Diff.Model;

namespace Suture.Build.Match;

/// <summary>
/// Matches a unit, compiled with a section per function, and where that leaves doubt the same unit compiled exactly
/// as the kernel's build does it: in one section the assembler shortens jumps between neighbours, in separate ones
/// it cannot.
/// </summary>
public static class UnitMatching
{
    /// <summary>
    /// Matches <paramref name="sectioned"/>; <paramref name="plain"/> is asked for the unit as the kernel compiles it when one of
    /// <paramref name="needed"/> is not identical or cannot be located.
    /// </summary>
    public static async Task<UnitMatch> MatchAsync(
        ITargetImage image, ObjectModel sectioned, IEnumerable<Element> needed, Func<Task<ObjectModel?>> plain)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(plain);
        var first = image.Match(sectioned, asShipped: false);
        if (needed.All(f => first.Functions[f].State == MatchState.Identical && (f.Parent is not null || first.Resolve(f) is not null))
            || await plain() is not { } asShipped)
        {
            return first;
        }
        var second = image.Match(asShipped, asShipped: true);
        var counterparts = Counterparts(sectioned, asShipped);
        return new UnitMatch
        {
            Functions = first.Functions.ToDictionary(
                p => p.Key,
                p => (p.Value.State != MatchState.Identical || first.Resolve(p.Key) is null) && counterparts.TryGetValue(p.Key, out var other) ? second.Functions[other] : p.Value,
                (IEqualityComparer<Element>)ReferenceEqualityComparer.Instance),
            Resolve = e => first.Resolve(e) ?? (counterparts.TryGetValue(e, out var other) ? second.Resolve(other) : null),
        };
    }

    /// <summary>Named elements of both objects by name, the n-th of a name with the n-th.</summary>
    private static Dictionary<Element, Element> Counterparts(ObjectModel a, ObjectModel b)
    {
        var pairs = new Dictionary<Element, Element>(ReferenceEqualityComparer.Instance);
        var others = b.Functions.Concat(b.Data).ToLookup(e => (e.Kind, e.Name));
        foreach (var group in a.Functions.Concat(a.Data).GroupBy(e => (e.Kind, e.Name)))
        {
            if (others[group.Key].Count() == group.Count())
            {
                foreach (var (one, other) in group.Zip(others[group.Key]))
                {
                    pairs[one] = other;
                }
            }
        }
        return pairs;
    }
}
