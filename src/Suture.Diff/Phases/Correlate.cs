using Suture.Diff.Model;

namespace Suture.Diff.Phases;

/// <summary>
/// Finds for each named element of the patched object its twin in the original one. Names decide, without
/// the numbers that compilers vary; where several share a name, equal contents decide for functions, and
/// for static locals the function that refers to them.
/// </summary>
internal static class Correlate
{
    public static void Run(ObjectModel original, ObjectModel patched)
    {
        Pair(original.Functions, patched.Functions, e => e.Name == e.Key ? e.Name : "");
        Pair(original.Functions, patched.Functions, e => e.Key);
        PairAlike(original.Functions, patched.Functions);

        var oldData = original.Data.FindAll(IsCorrelated);
        var newData = patched.Data.FindAll(IsCorrelated);
        Pair(oldData.FindAll(e => e.Name == e.Key), newData.FindAll(e => e.Name == e.Key), e => e.Name);
        PairStaticLocals(patched);
        Pair(oldData, newData, e => e.Key);
    }

    /// <summary>Whether data has an identity: print-once flags and the like do not, see <see cref="SymbolNames.IsOwnCopy"/>.</summary>
    public static bool IsCorrelated(Element data) =>
        data.Kind == ElementKind.Data && !SymbolNames.IsOwnCopy(data.Key)
        && data.Section.Name is not ("__dyndbg" or ".data..once" or ".data.once");

    private static void Join(Element original, Element patched)
    {
        original.Twin = patched;
        patched.Twin = original;
    }

    /// <summary>Pairs what a name makes unique on both sides.</summary>
    private static void Pair(List<Element> original, List<Element> patched, Func<Element, string> name)
    {
        var candidates = original.Where(e => e.Twin is null).ToLookup(name, StringComparer.Ordinal);
        foreach (var group in patched.Where(e => e.Twin is null).GroupBy(name, StringComparer.Ordinal).ToList())
        {
            if (group.Key.Length > 0 && group.Count() == 1 && candidates[group.Key].Count() == 1)
            {
                Join(candidates[group.Key].First(), group.First());
            }
        }
    }

    /// <summary>
    /// Pairs functions that share a name but for its number: equal code first, for the numbers of clones shift
    /// when one is added; then equal names, then in order.
    /// </summary>
    private static void PairAlike(List<Element> original, List<Element> patched)
    {
        var groups = original.Where(e => e.Twin is null).ToLookup(e => e.Key, StringComparer.Ordinal);
        foreach (var group in patched.Where(e => e.Twin is null).GroupBy(e => e.Key, StringComparer.Ordinal).ToList())
        {
            var left = groups[group.Key].ToList();
            PairWhere(left, group, (o, p) => o.Name == p.Name && Compare.LooksAlike(o, p));
            PairWhere(left, group, Compare.LooksAlike);
            PairWhere(left, group, (o, p) => o.Name == p.Name);
            PairWhere(left, group, (_, _) => true);
        }
    }

    private static void PairWhere(List<Element> left, IEnumerable<Element> patched, Func<Element, Element, bool> match)
    {
        foreach (var function in patched.Where(p => p.Twin is null))
        {
            if (left.Find(o => match(o, function)) is { } twin)
            {
                left.Remove(twin);
                Join(twin, function);
            }
        }
    }

    /// <summary>Pairs numbered data by the functions that refer to it: the n-th of its name in a function is the n-th in the twin.</summary>
    private static void PairStaticLocals(ObjectModel patched)
    {
        foreach (var function in patched.Functions)
        {
            if (function.Twin is not { } twin)
            {
                continue;
            }
            var old = StaticLocals(twin).ToLookup(e => e.Key, StringComparer.Ordinal);
            foreach (var group in StaticLocals(function).GroupBy(e => e.Key, StringComparer.Ordinal))
            {
                // Equal counts only: with one added or gone, order proves nothing.
                var candidates = old[group.Key].Where(e => e.Twin is null).ToList();
                var wanted = group.Where(e => e.Twin is null).ToList();
                if (candidates.Count == wanted.Count)
                {
                    foreach (var (o, p) in candidates.Zip(wanted))
                    {
                        Join(o, p);
                    }
                }
            }
        }
    }

    private static IEnumerable<Element> StaticLocals(Element function) =>
        function.Parts.Prepend(function).SelectMany(f => f.References)
            .Select(r => r.Target).OfType<Element>()
            .Where(e => e.Name != e.Key && IsCorrelated(e)).Distinct();
}
