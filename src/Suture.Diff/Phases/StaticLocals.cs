using Suture.Diff.Model;

namespace Suture.Diff.Phases;

/// <summary>
/// Which static local of a function is which of its twin's, where several have one name. The compilers' numbers drift, and so does the order
/// of code: neither proves anything alone. Nor do equal contents, for most such variables start as zero.
/// </summary>
internal static class StaticLocals
{
    /// <summary>
    /// The names that are no evidence though no number ends them: clang numbers all but the first of a function, so a variable declared
    /// in an earlier scope takes the name of one that runs.
    /// </summary>
    public static HashSet<string> SharedNames(IEnumerable<Element> data) =>
        data.Where(d => d.Name != d.Key && SymbolNames.IsStaticLocal(d.Key)).Select(d => d.Key).ToHashSet(StringComparer.Ordinal);

    /// <summary>What can be told of the static locals of twin functions that have no twin yet.</summary>
    public static List<(Element Original, Element Patched)> Pairs(Element original, Element patched)
    {
        var pairs = new List<(Element, Element)>();
        var old = Unpaired(Of(original)).ToLookup(e => e.Key, StringComparer.Ordinal);
        foreach (var group in Unpaired(Of(patched)).ToLookup(e => e.Key, StringComparer.Ordinal))
        {
            var candidates = old[group.Key].ToList();
            var wanted = group.ToList();
            // With one added or gone, order proves nothing.
            if (candidates.Count == wanted.Count && NumberRanks(candidates).SequenceEqual(NumberRanks(wanted)))
            {
                pairs.AddRange(candidates.Zip(wanted));
            }
        }
        return pairs;
    }

    /// <summary>
    /// Variables of the original object without a twin, for which the livepatch brings a fresh variable that the same function calls by
    /// the same name: it may be the same one, with its running value lost.
    /// </summary>
    public static HashSet<Element> Confused(ObjectModel original, List<Element> included)
    {
        var fresh = included.Where(e => e is { Twin: null, Supersedes: null } && IsNamed(e) && !Correlate.IsConstant(e)).ToHashSet();
        var confused = new HashSet<Element>();
        if (fresh.Count == 0)
        {
            return confused;
        }
        foreach (var function in original.Functions.Where(f => f.Twin is not null && f.Parent is null))
        {
            var keys = Reached(function.Twin!).Where(fresh.Contains).Select(e => e.Key).ToHashSet(StringComparer.Ordinal);
            if (keys.Count > 0)
            {
                confused.UnionWith(Unpaired(Reached(function)).Where(e => keys.Contains(e.Key)));
            }
        }
        return confused;
    }

    /// <summary>Those of a function, in the order of the code that refers to them.</summary>
    private static IEnumerable<Element> Of(Element function) => DataOf(function).Where(IsNamed);

    private static IEnumerable<Element> DataOf(Element function) =>
        function.Parts.Prepend(function).SelectMany(f => f.References).Select(r => r.Target).OfType<Element>().Where(Correlate.IsCorrelated).Distinct();

    /// <summary>Those of a function and of the functions without a twin that it uses: compilers inline and split as they like.</summary>
    private static IEnumerable<Element> Reached(Element function) => DataReached(function).Where(IsNamed);

    private static IEnumerable<Element> DataReached(Element function)
    {
        var seen = new HashSet<Element> { function };
        var work = new Queue<Element>(seen);
        while (work.TryDequeue(out var next))
        {
            foreach (var data in DataOf(next))
            {
                yield return data;
            }
            foreach (var callee in next.Parts.Prepend(next).SelectMany(f => f.References).Select(r => r.Target).OfType<Element>()
                .Where(t => t is { Kind: ElementKind.Function, Twin: null }))
            {
                if (seen.Add(callee))
                {
                    work.Enqueue(callee);
                }
            }
        }
    }

    /// <summary>
    /// Which functions use which data: a static local of one function is not that of another, nor one of the file that only others use, though both have
    /// one name.
    /// </summary>
    public sealed class Users(ObjectModel original, ObjectModel patched)
    {
        private readonly Dictionary<Element, HashSet<Element>> _original = Of(original), _patched = Of(patched);

        /// <summary>
        /// Whether a function that uses <paramref name="old"/> is the twin of one that uses <paramref name="now"/>, itself or by functions without a
        /// twin. What no function uses is told by its name alone.
        /// </summary>
        public bool AreRelated(Element old, Element now) => !_original.TryGetValue(old, out var before) || !_patched.TryGetValue(now, out var after)
            || before.Any(f => after.Contains(f.Twin!));

        private static Dictionary<Element, HashSet<Element>> Of(ObjectModel model)
        {
            var users = new Dictionary<Element, HashSet<Element>>(ReferenceEqualityComparer.Instance);
            // One that has no twin and that none with a twin leads to still is a user: its variables are its own.
            foreach (var function in model.Functions.Where(f => f.Parent is null))
            {
                foreach (var data in DataReached(function))
                {
                    if (!users.TryGetValue(data, out var set))
                    {
                        users[data] = set = new(ReferenceEqualityComparer.Instance);
                    }
                    if (function.Twin is not null)
                    {
                        set.Add(function);
                    }
                }
            }
            return users;
        }
    }

    private static IEnumerable<Element> Unpaired(IEnumerable<Element> data) => data.Where(e => e.Twin is null);

    /// <summary>Whether one function alone can name it; what link-time optimisation numbers may be of the whole file.</summary>
    public static bool IsOfFunction(Element data) => IsNamed(data)
        && !data.Name.Contains(".llvm.", StringComparison.Ordinal) && !data.Name.Contains(".lto_priv", StringComparison.Ordinal);

    private static bool IsNamed(Element data) => (data.Name != data.Key || SymbolNames.IsStaticLocal(data.Name)) && Correlate.IsCorrelated(data);

    /// <summary>
    /// The place of each by its number. GCC counts backwards through the source and variables with a section of their own apart, clang
    /// forwards; both do so whatever becomes of the code. Of names that differ in the number only, the longer has the greater one.
    /// </summary>
    private static IEnumerable<int> NumberRanks(List<Element> data)
    {
        var sorted = data.OrderBy(e => e.Name.Length).ThenBy(e => e.Name, StringComparer.Ordinal).ToList();
        var ranks = sorted.Index().ToDictionary(p => p.Item, p => p.Index, (IEqualityComparer<Element>)ReferenceEqualityComparer.Instance);
        return data.Select(e => ranks[e]);
    }
}
