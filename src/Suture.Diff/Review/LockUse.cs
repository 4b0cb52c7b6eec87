namespace Suture.Diff.Review;

/// <summary>
/// How a function takes and gives back locks, in the order of its code. Where patched functions only add to what they did and give back what they
/// take, tasks in old and new code cannot block each other unless the new code blocks itself: every order in which the old code takes
/// two locks is also one of the new code's.
/// </summary>
public sealed class LockUse
{
    private readonly List<(string Family, bool IsRelease)> _steps;

    private LockUse(List<(string Family, bool IsRelease)> steps) => _steps = steps;

    /// <summary>The uses among <paramref name="calls"/>, which stand in the order of the code.</summary>
    public static LockUse Of(IEnumerable<string> calls)
    {
        ArgumentNullException.ThrowIfNull(calls);
        return new LockUse([.. calls.Select(Step).OfType<(string, bool)>()]);
    }

    /// <summary>Whether all that <paramref name="before"/> did is done in the same order still.</summary>
    public bool OnlyAddsTo(LockUse before)
    {
        ArgumentNullException.ThrowIfNull(before);
        var at = 0;
        foreach (var step in _steps)
        {
            at += at < before._steps.Count && before._steps[at] == step ? 1 : 0;
        }
        return at == before._steps.Count;
    }

    /// <summary>Whether it is known how the lock that <paramref name="callee"/> takes is given back.</summary>
    public static bool Knows(string callee) => Step(callee) is not null;

    /// <summary>Whether each kind of lock that is taken more often than <paramref name="before"/> (null: a new function) is given back more often too.</summary>
    public bool GivesBack(LockUse? before) => _steps.Select(s => s.Family).Distinct()
        .All(family => Extra(before, (family, false)) <= 0 || Extra(before, (family, true)) > 0);

    private int Extra(LockUse? before, (string, bool) step) => _steps.Count(s => s == step) - (before?._steps.Count(s => s == step) ?? 0);

    /// <summary>The kind of lock that a function of the kernel takes or gives back; null for other functions.</summary>
    private static (string Family, bool IsRelease)? Step(string callee)
    {
        foreach (var (family, take, release) in Families)
        {
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
    private static readonly (string Family, string Take, string Release)[] Families =
    [
        ("spinlock", "_raw_spin_lock", "_raw_spin_unlock"),
        ("read lock", "_raw_read_lock", "_raw_read_unlock"),
        ("write lock", "_raw_write_lock", "_raw_write_unlock"),
        ("mutex", "mutex_lock", "mutex_unlock"),
        ("real-time mutex", "rt_mutex_lock", "rt_mutex_unlock"),
        ("wound/wait mutex", "ww_mutex_lock", "ww_mutex_unlock"),
        ("semaphore for reading", "down_read", "up_read"),
        ("semaphore for writing", "down_write", "up_write"),
        ("semaphore", "down", "up"),
        ("socket lock", "lock_sock", "release_sock"),
        ("network configuration lock", "rtnl_lock", "rtnl_unlock"),
        ("page lock", "__folio_lock", "folio_unlock"),
    ];
}
