using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Review;

/// <summary>
/// How a function takes and gives back locks, on all its paths. Where patched functions keep to every order in which the old code takes locks, add none against
/// these, and give back what they take, tasks in old and new code cannot block each other unless the new code blocks itself.
/// </summary>
public sealed class LockUse
{
    // So that all families have place in 64 bits.
    private const int BitsOfFamily = 3;
    private const ulong MostHeld = (1 << BitsOfFamily) - 1;
    private const int Nothing = -1;

    private enum Kind
    {
        Take,
        TakeOrFail,
        Try,
        Release,
    }

    private readonly HashSet<(int Held, int Taken)> _orders = [];
    private readonly HashSet<ulong> _left;
    private readonly Dictionary<(int Family, bool IsRelease), int> _places = [];
    private readonly bool _mayFail;
    private readonly bool _isKnown;
    private readonly IReadOnlyCollection<(LockPlace Held, LockPlace Taken)> _nested;

    private LockUse(ControlFlow flow, IReadOnlyDictionary<string, uint> takenWithin)
    {
        // What is held is a counter for each family.
        var steps = flow.Calls.Select(c => c is null ? null : Step(c)).ToArray();
        foreach (var (family, kind) in steps.OfType<(int, Kind)>())
        {
            _places[(family, kind == Kind.Release)] = _places.GetValueOrDefault((family, kind == Kind.Release)) + 1;
            _mayFail |= kind is Kind.TakeOrFail or Kind.Try;
        }
        var left = _places.Count == 0 ? [] : flow.Ends(0, (at, held) => steps[at] is { } step ? After(held, step) : Within(held, flow.Calls[at] is { } callee ? takenWithin.GetValueOrDefault(callee) : 0), at => steps[at] is not null);
        (_left, _isKnown) = (left ?? [], left is not null);
        _nested = _orders.Any(o => o.Held == o.Taken) ? NestedLocks.Of(flow, [.. steps.Select(s => s is { } step && _orders.Contains((step.Item1, step.Item1)) ? (step.Item1, Does(step.Item2)) : ((int, NestedLocks.Step)?)null)]) : [];
    }

    /// <summary>The uses in <paramref name="function"/>, its cold part included; <paramref name="takenWithin"/> has the kinds of lock that functions of the file take, as <see cref="TakenWithin"/> tells.</summary>
    public static LockUse Of(ControlFlow function, IReadOnlyDictionary<string, uint> takenWithin) => new(function, takenWithin);

    /// <summary>A bit for each kind of lock that <paramref name="function"/> takes, or a function of the file that it calls; <paramref name="known"/> keeps what was found.</summary>
    public static uint TakenWithin(Element function, Dictionary<Element, uint> known)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(known);
        if (known.TryGetValue(function, out var taken))
        {
            return taken;
        }
        // Who calls itself takes nothing more by that.
        known[function] = 0;
        foreach (var call in function.Parts.Prepend(function).SelectMany(f => f.References).Where(r => r.Type == RelocationType.Plt32))
        {
            taken |= call.Target is { Kind: ElementKind.Function } callee && callee != function && callee.Parent != function ? TakenWithin(callee, known)
                : call.External is { } external && Step(external.Name) is (var family, Kind.Take or Kind.TakeOrFail) ? 1u << family : 0;
        }
        return known[function] = taken;
    }

    /// <summary>
    /// Whether patched functions take locks in each order in which the old ones do, those that are gone included, and in no further order that is one of theirs the other way round.
    /// </summary>
    /// <param name="functions">Each with what it was; null for a new one.</param>
    /// <param name="gone">Functions of the original that are no more, most of them because they were inlined.</param>
    public static bool OrderStands(IReadOnlyList<(LockUse? Before, LockUse After)> functions, IReadOnlyList<LockUse> gone)
    {
        ArgumentNullException.ThrowIfNull(functions);
        ArgumentNullException.ThrowIfNull(gone);
        var now = functions.SelectMany(f => f.After._orders).ToHashSet();
        // What was inlined may have become a function of its own.
        var apart = functions.Where(f => f.Before is null).SelectMany(f => f.After._orders).ToHashSet();
        List<LockUse> old = [.. functions.Select(f => f.Before).OfType<LockUse>(), .. gone];
        return old.TrueForAll(o => o._isKnown) && functions.All(f => f.After._isKnown && f.Before?._orders.All(o => f.After._orders.Contains(o) || apart.Contains(o)) != false && !f.After.Reversed(f.Before, old).Any())
            && gone.All(g => g._orders.IsSubsetOf(now));
    }

    /// <summary>Whether it takes locks of two kinds in an order in which none of <paramref name="old"/> does, and one of these takes them the other way round.</summary>
    public bool Reverses(IReadOnlyCollection<LockUse> old) => Reversed(null, old).Any(o => o.Held != o.Taken);

    /// <summary>
    /// Whether it takes one lock while it holds another of the same kind, and <paramref name="before"/> does so with no such two in this order, by what is known of where they are.
    /// </summary>
    public bool NestsOtherThan(LockUse before)
    {
        ArgumentNullException.ThrowIfNull(before);
        return _isKnown && before._isKnown && _nested.Any(n => !before._nested.Any(o => o.Held.MayBe(n.Held) && o.Taken.MayBe(n.Taken)));
    }

    /// <summary>Whether it takes one lock while it holds another of the same kind.</summary>
    public bool Nests => _nested.Count > 0;

    private static NestedLocks.Step Does(Kind kind) => kind switch
    {
        Kind.Release => NestedLocks.Step.Release,
        Kind.Take => NestedLocks.Step.Take,
        _ => NestedLocks.Step.MayTake,
    };

    /// <summary>Its orders that are not those of <paramref name="before"/> (of all old ones for a new function), and are one of <paramref name="old"/> the other way round.</summary>
    private IEnumerable<(int Held, int Taken)> Reversed(LockUse? before, IReadOnlyCollection<LockUse> old) =>
        _orders.Where(o => o.Held != Nothing && old.Any(u => u._orders.Contains((o.Taken, o.Held))) && !(before is null ? old.Any(u => u._orders.Contains(o)) : before._orders.Contains(o)));

    /// <summary>Whether it is known how the lock that <paramref name="callee"/> takes is given back.</summary>
    public static bool Knows(string callee) => Step(callee) is not null;

    /// <summary>
    /// Whether at the end of no path something is held that was not held at the end of one of <paramref name="before"/> (null: a new function). Where taking may fail, which
    /// the paths do not tell, each kind of lock that is taken in more places must be given back in more places.
    /// </summary>
    public bool GivesBack(LockUse? before) => _isKnown && before is null or { _isKnown: true }
        && (_left.All(l => l == 0 || before?._left.Contains(l) == true)
            || (_mayFail && _places.Keys.All(p => Extra(before, (p.Family, false)) <= 0 || Extra(before, (p.Family, true)) > 0)));

    private int Extra(LockUse? before, (int, bool) place) => _places.GetValueOrDefault(place) - (before?._places.GetValueOrDefault(place) ?? 0);

    /// <summary>A function of the file takes locks, and gives them back as far as is known, while others may be held.</summary>
    private ulong[] Within(ulong held, uint taken)
    {
        if (taken != 0 && held != 0)
        {
            var kinds = Enumerable.Range(0, Families.Length).ToList();
            _orders.UnionWith(kinds.Where(k => (taken >> k & 1) != 0).SelectMany(k => kinds.Where(f => (held >> (f * BitsOfFamily) & MostHeld) > 0).Select(f => (f, k))));
        }
        return [held];
    }

    private ulong[] After(ulong held, (int Family, Kind Kind) step)
    {
        var shift = step.Family * BitsOfFamily;
        var count = held >> shift & MostHeld;
        if (step.Kind == Kind.Release)
        {
            return [count == 0 ? held : held - (1UL << shift)];
        }
        if (step.Kind != Kind.Try)
        {
            _orders.Add((Nothing, step.Family));
            _orders.UnionWith(Enumerable.Range(0, Families.Length).Where(f => (held >> (f * BitsOfFamily) & MostHeld) > 0).Select(f => (f, step.Family)));
        }
        var more = count == MostHeld ? held : held + (1UL << shift);
        return step.Kind == Kind.Take ? [more] : [more, held];
    }

    /// <summary>What a function of the kernel does to which kind of lock; null for other functions.</summary>
    private static (int Family, Kind Kind)? Step(string callee)
    {
        // A page's lock is its folio's, given back through a function for those who do not know folios.
        callee = callee == "unlock_page" ? "folio_unlock" : callee;
        for (var family = 0; family < Families.Length; family++)
        {
            var (take, release) = Families[family];
            if (Is(callee, release))
            {
                return (family, Kind.Release);
            }
            if (Is(callee, take))
            {
                return (family, MayFail.Contains(take) || callee.EndsWith("_killable", StringComparison.Ordinal) || callee.EndsWith("_interruptible", StringComparison.Ordinal) || callee.EndsWith("_timeout", StringComparison.Ordinal)
                    ? Kind.TakeOrFail : Kind.Take);
            }
            if (Is(callee, take.EndsWith("lock", StringComparison.Ordinal) ? take[..^4] + "trylock" : take + "_trylock"))
            {
                return (family, Kind.Try);
            }
        }
        return null;
    }

    /// <summary>Whether it is the function of this name or a variety of it, as _raw_spin_lock_irqsave and mutex_lock_killable are; down_write_trylock is none of down_write.</summary>
    private static bool Is(string callee, string name) => callee == name
        || (callee.StartsWith(name, StringComparison.Ordinal) && callee[name.Length] == '_' && !callee.AsSpan(name.Length).Contains("lock", StringComparison.Ordinal));

    // Read and write semaphores before the plain one, whose name begins theirs.
    private static readonly (string Take, string Release)[] Families =
    [
        ("_raw_spin_lock", "_raw_spin_unlock"),
        ("_raw_read_lock", "_raw_read_unlock"),
        ("_raw_write_lock", "_raw_write_unlock"),
        // With CONFIG_PREEMPT_RT spinlocks sleep, and are functions of these names.
        ("rt_spin_lock", "rt_spin_unlock"),
        ("rt_read_lock", "rt_read_unlock"),
        ("rt_write_lock", "rt_write_unlock"),
        ("mutex_lock", "mutex_unlock"),
        ("rt_mutex_lock", "rt_mutex_unlock"),
        ("ww_mutex_lock", "ww_mutex_unlock"),
        ("down_read", "up_read"),
        ("down_write", "up_write"),
        ("down", "up"),
        ("lock_sock", "release_sock"),
        ("rtnl_lock", "rtnl_unlock"),
        ("__folio_lock", "folio_unlock"),
        ("percpu_down_write", "percpu_up_write"),
        ("cpus_read_lock", "cpus_read_unlock"),
        ("console_lock", "console_unlock"),
        ("tty_lock", "tty_unlock"),
        ("mnt_want_write", "mnt_drop_write"),
    ];

    private static readonly string[] MayFail = ["mnt_want_write"];
}
