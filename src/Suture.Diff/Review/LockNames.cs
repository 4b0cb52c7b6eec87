namespace Suture.Diff.Review;

/// <summary>Which functions take locks, by their names: "lock" as a word of its own, not in "block" or "clock".</summary>
internal static class LockNames
{
    // Words beside "lock" that are about a lock, or about one of RCU, which no task waits for.
    private static readonly string[] NotTaking = ["unlock", "trylock", "rcu", "srcu", "init", "destroy", "free", "held", "owner", "class", "status", "stats", "release", "alloc", "copy"];

    // Those whose names do not say so: freezing of file systems and mounts is held off by a lock.
    private static readonly string[] Others = ["mnt_want_write", "sb_start_write", "percpu_down_"];

    /// <summary>Whether a function of this name takes a lock, without giving up at once.</summary>
    public static bool Takes(string callee)
    {
        var name = callee.TrimStart('_');
        // What the compiler cut off a function has its name, and a dot.
        name = name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? name[..dot] : name;
        var words = name.Split('_');
        return !words.Any(NotTaking.Contains)
            && (words.Contains("lock") || words[0] == "down" || Others.Any(o => name.StartsWith(o, StringComparison.Ordinal)));
    }
}
