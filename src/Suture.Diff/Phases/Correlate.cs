using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Phases;

/// <summary>
/// Finds for each named element of the patched object its twin in the original one. Names decide, without
/// the numbers that compilers vary; where several share a name, equal contents decide for functions, and
/// for numbered data (static locals, compound literals) the twins that refer to it.
/// </summary>
internal sealed class Correlate
{
    private readonly Queue<Element> _paired = new();
    private readonly bool _isOfSeveralUnits;

    private Correlate(bool isOfSeveralUnits) => _isOfSeveralUnits = isOfSeveralUnits;

    public static void Run(ObjectModel original, ObjectModel patched)
    {
        var correlate = new Correlate(original.Units.Count > 1 && patched.Units.Count > 1);
        correlate.Pair(original.Functions, patched.Functions, e => e.Name == e.Key ? e.Name : "");
        correlate.Pair(original.Functions, patched.Functions, e => e.Key);
        correlate.PairAlike(original.Functions, patched.Functions);

        var oldData = original.Data.FindAll(IsCorrelated);
        var newData = patched.Data.FindAll(IsCorrelated);
        var shared = StaticLocals.SharedNames(oldData.Concat(newData));
        correlate.Pair(oldData, newData, e => e.Name == e.Key && !shared.Contains(e.Name) ? e.Name : "");
        correlate.PairReferenced();
        var users = new Lazy<StaticLocals.Users>(() => new StaticLocals.Users(original, patched));
        correlate.Pair(oldData, newData, e => e.Key, (one, other) =>
            !(StaticLocals.IsOfFunction(one) || StaticLocals.IsOfFunction(other)) || users.Value.AreRelated(one, other));
        correlate.PairReferenced();
        // Which of several equal constants is meant makes no difference; of variables it does.
        correlate.PairByDigest(oldData.FindAll(IsConstant), newData.FindAll(IsConstant), withName: false);
    }

    /// <summary>Whether data has an identity: print-once flags and the like do not, see <see cref="Element.IsOwnCopy"/>.</summary>
    public static bool IsCorrelated(Element data) => data is { Kind: ElementKind.Data, IsOwnCopy: false };

    /// <summary>Whether nothing writes the data while the system runs.</summary>
    public static bool IsConstant(Element data) =>
        (data.Section.Flags & SectionFlags.Write) == 0 || data.Section.Name.StartsWith(".data.rel.ro", StringComparison.Ordinal);

    /// <summary>In an object of several translation units (<c>ld -r</c>) a local name is of its unit alone.</summary>
    private string Scope(Element element) => _isOfSeveralUnits && !element.IsGlobal ? element.Unit + "\n" : "";

    private void Join(Element original, Element patched)
    {
        // What only initialisation used is gone from the running kernel: the patched one is new there.
        if (SpecialSections.IsInit(original.Section) && !SpecialSections.IsInit(patched.Section))
        {
            return;
        }
        original.Twin = patched;
        patched.Twin = original;
        _paired.Enqueue(patched);
    }

    /// <summary>Pairs what a name makes unique on both sides.</summary>
    private void Pair(List<Element> original, List<Element> patched, Func<Element, string> name, Func<Element, Element, bool>? mayBeTwins = null)
    {
        string Scoped(Element e) => name(e) is { Length: > 0 } own ? Scope(e) + own : "";
        var candidates = original.Where(e => e.Twin is null).ToLookup(Scoped, StringComparer.Ordinal);
        foreach (var group in patched.Where(e => e.Twin is null).ToLookup(Scoped, StringComparer.Ordinal))
        {
            if (group.Key.Length > 0 && group.Count() == 1 && candidates[group.Key].Count() == 1
                && mayBeTwins?.Invoke(candidates[group.Key].First(), group.First()) != false)
            {
                Join(candidates[group.Key].First(), group.First());
            }
        }
    }

    /// <summary>
    /// Pairs functions that share a name but for its number: equal code first, for the numbers of clones shift
    /// when one is added; then equal names, then in order.
    /// </summary>
    private void PairAlike(List<Element> original, List<Element> patched)
    {
        PairByDigest(original, patched, withName: true);
        PairByDigest(original, patched, withName: false);
        PairInOrder(original, patched, e => e.Name);
        PairInOrder(original, patched, e => e.Key);
    }

    private void PairByDigest(List<Element> original, List<Element> patched, bool withName)
    {
        // A digest is worth its time only for those whose key exists on both sides.
        var keys = original.Where(e => e.Twin is null).Select(e => e.Key).ToHashSet(StringComparer.Ordinal);
        var left = patched.FindAll(e => e.Twin is null && keys.Contains(e.Key));
        keys.IntersectWith(left.Select(e => e.Key));
        PairInOrder(original.FindAll(e => keys.Contains(e.Key)), left, e => $"{(withName ? e.Name : e.Key)} {Compare.Digest(e)}");
    }

    private void PairInOrder(List<Element> original, List<Element> patched, Func<Element, string> name)
    {
        var candidates = new Dictionary<string, Queue<Element>>(StringComparer.Ordinal);
        foreach (var element in original.Where(e => e.Twin is null))
        {
            var key = Scope(element) + name(element);
            if (!candidates.TryGetValue(key, out var queue))
            {
                candidates[key] = queue = new();
            }
            queue.Enqueue(element);
        }
        foreach (var element in patched.Where(e => e.Twin is null))
        {
            if (candidates.Count > 0 && candidates.TryGetValue(Scope(element) + name(element), out var queue) && queue.TryDequeue(out var twin))
            {
                Join(twin, element);
            }
        }
    }

    /// <summary>Pairs numbered data by the twins that refer to it, as far as that leads.</summary>
    private void PairReferenced()
    {
        while (_paired.TryDequeue(out var patched))
        {
            if (patched.Kind == ElementKind.Data)
            {
                PairPointees(patched.Twin!, patched);
            }
            else if (patched.Parent is null)
            {
                // A cold part alone shows too little: what is in it may have been elsewhere in its function.
                StaticLocals.Pairs(patched.Twin!, patched).ForEach(pair => Join(pair.Original, pair.Patched));
            }
        }
    }

    /// <summary>Data at the same place of twins is the same, whatever number (a line, say) ends its name.</summary>
    private void PairPointees(Element original, Element patched)
    {
        var old = original.References.Where(r => IsUnpairedLocal(r.Target)).ToLookup(r => r.Offset, r => r.Target!);
        foreach (var reference in patched.References.Where(r => IsUnpairedLocal(r.Target)))
        {
            if (old[reference.Offset].FirstOrDefault(o => o.Twin is null && Stem(o) == Stem(reference.Target!)) is { } twin)
            {
                Join(twin, reference.Target!);
            }
        }
    }

    private static bool IsUnpairedLocal(Element? data) => data is { Twin: null, IsGlobal: false } && IsCorrelated(data);

    private static string Stem(Element data) => data.Key.TrimEnd("0123456789".ToCharArray());
}
