using Suture.Diff.Model;

namespace Suture.Diff.Review;

/// <summary>
/// How a function takes and gives back locks, on all its paths. Where patched functions keep to every order in which the old code takes locks, and give back what they
/// take, tasks in old and new code cannot block each other unless the new code blocks itself: what the old code holds while it takes a lock, the new code holds then too.
/// </summary>
public sealed class LockUse
{
    /// <summary>States of the held locks that are followed, at the most, at all instructions together.</summary>
    private const int MostStates = 200_000;

    private const int BitsOfFamily = 4;
    private const ulong MostHeld = (1 << BitsOfFamily) - 1;

    private readonly HashSet<(int Held, int Taken)> _orders = [];
    private readonly HashSet<ulong> _left = [];
    private readonly Dictionary<(int Family, bool IsRelease), int> _places = [];
    private readonly bool _isKnown;

    private LockUse(ControlFlow flow)
    {
        var steps = flow.Calls.Select(c => c is null ? null : Step(c)).ToArray();
        foreach (var step in steps.OfType<(int, bool)>())
        {
            _places[step] = _places.GetValueOrDefault(step) + 1;
        }
        _isKnown = _places.Count == 0 || Follow(flow, steps);
    }

    /// <summary>The uses in <paramref name="function"/>, its cold part included.</summary>
    public static LockUse Of(Element function) => new(new ControlFlow(function));

    /// <summary>Whether each order in which <paramref name="before"/> takes locks is one of this function's too.</summary>
    public bool OnlyAddsTo(LockUse before)
    {
        ArgumentNullException.ThrowIfNull(before);
        return before._isKnown && _isKnown && before._orders.IsSubsetOf(_orders);
    }

    /// <summary>Whether it is known how the lock that <paramref name="callee"/> takes is given back.</summary>
    public static bool Knows(string callee) => Step(callee) is not null;

    /// <summary>
    /// Whether each kind of lock that is taken more often than <paramref name="before"/> (null: a new function) is given back more often too, or nothing is held at
    /// the end of any path that was not before.
    /// </summary>
    public bool GivesBack(LockUse? before) =>
        _places.Keys.All(p => Extra(before, (p.Family, false)) <= 0 || Extra(before, (p.Family, true)) > 0)
        || (_isKnown && before is null or { _isKnown: true } && _left.All(l => l == 0 || before?._left.Contains(l) == true));

    private int Extra(LockUse? before, (int, bool) step) => _places.GetValueOrDefault(step) - (before?._places.GetValueOrDefault(step) ?? 0);

    /// <summary>Walks all paths with what is held on them, a counter for each family; false when there are too many. What no path is known to reach begins with nothing held.</summary>
    private bool Follow(ControlFlow flow, (int Family, bool IsRelease)?[] steps)
    {
        var seen = new HashSet<(int, ulong)>();
        var reached = new bool[steps.Length];
        var todo = new Stack<(int At, ulong Held)>();
        foreach (var root in Enumerable.Range(0, steps.Length).Where(i => i == 0 || steps[i] is not null))
        {
            if (!reached[root])
            {
                todo.Push((root, 0));
            }
            while (todo.TryPop(out var state))
            {
                if (!seen.Add(state))
                {
                    continue;
                }
                if (seen.Count > MostStates)
                {
                    return false;
                }
                reached[state.At] = true;
                var held = steps[state.At] is { } step ? After(state.Held, step) : state.Held;
                foreach (var next in flow.After(state.At))
                {
                    todo.Push((next, held));
                }
                if (flow.Leaves(state.At))
                {
                    _left.Add(held);
                }
            }
        }
        return true;
    }

    private ulong After(ulong held, (int Family, bool IsRelease) step)
    {
        const int none = -1;
        var shift = step.Family * BitsOfFamily;
        var count = held >> shift & MostHeld;
        if (step.IsRelease)
        {
            return count == 0 ? held : held - (1UL << shift);
        }
        _orders.Add((none, step.Family));
        for (var other = 0; other < Families.Length; other++)
        {
            if ((held >> (other * BitsOfFamily) & MostHeld) > 0)
            {
                _orders.Add((other, step.Family));
            }
        }
        return count == MostHeld ? held : held + (1UL << shift);
    }

    /// <summary>The kind of lock that a function of the kernel takes or gives back; null for other functions.</summary>
    private static (int Family, bool IsRelease)? Step(string callee)
    {
        for (var family = 0; family < Families.Length; family++)
        {
            var (take, release) = Families[family];
            if (Is(callee, release))
            {
                return (family, true);
            }
            if (Is(callee, take))
            {
                return (family, false);
            }
        }
        return null;
    }

    /// <summary>Whether it is the function of this name or a variety of it, as _raw_spin_lock_irqsave and mutex_lock_killable are; down_write_trylock is none of down.</summary>
    private static bool Is(string callee, string name) => callee == name
        || (callee.StartsWith(name, StringComparison.Ordinal) && callee[name.Length] == '_' && !callee.AsSpan(name.Length).Contains("lock", StringComparison.Ordinal));

    // Read and write semaphores before the plain one, whose name begins theirs.
    private static readonly (string Take, string Release)[] Families =
    [
        ("_raw_spin_lock", "_raw_spin_unlock"),
        ("_raw_read_lock", "_raw_read_unlock"),
        ("_raw_write_lock", "_raw_write_unlock"),
        ("mutex_lock", "mutex_unlock"),
        ("rt_mutex_lock", "rt_mutex_unlock"),
        ("ww_mutex_lock", "ww_mutex_unlock"),
        ("down_read", "up_read"),
        ("down_write", "up_write"),
        ("down", "up"),
        ("lock_sock", "release_sock"),
        ("rtnl_lock", "rtnl_unlock"),
        ("__folio_lock", "folio_unlock"),
    ];
}
