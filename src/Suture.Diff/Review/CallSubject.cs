namespace Suture.Diff.Review;

/// <summary>A kind of kernel interface whose first or additional use in a function is worth a look.</summary>
/// <param name="Code">Finding code.</param>
/// <param name="Matches">Whether a function of this name is such an interface, where it is one of the file (true) or not.</param>
public sealed record CallSubject(string Code, Func<string, bool, bool> Matches)
{
    /// <summary>Taking a lock.</summary>
    public static CallSubject Lock { get; } = new("SUT0801", (name, _) => LockNames.Takes(name));

    /// <summary>Initialising a lock.</summary>
    public static CallSubject LockInitialised { get; } = new("SUT0802", (name, _) =>
        Starts(name, "__mutex_init", "__raw_spin_lock_init", "__init_rwsem", "__rwlock_init", "__init_swait", "__init_waitqueue_head", "init_srcu_struct", "__percpu_init_rwsem"));

    /// <summary>Taking or dropping a reference.</summary>
    public static CallSubject Reference { get; } = new("SUT0803", (name, isOwn) => ReferenceNames.Drops(name) || ReferenceNames.Takes(name, isOwn));

    /// <summary>Making something that user space sees: files in sysfs, proc, debugfs, devices.</summary>
    public static CallSubject Published { get; } = new("SUT0805", (name, _) => name is "misc_register" or "cdev_add" or "cdev_device_add" or "device_add" or "device_register"
        || Starts(name, "proc_create", "proc_mkdir", "proc_symlink", "sysfs_create", "sysfs_add", "device_create", "debugfs_create", "kobject_init_and_add",
            "kobject_create_and_add", "register_sysctl", "__register_chrdev", "tracefs_create"));

    /// <summary>All of them.</summary>
    public static IReadOnlyList<CallSubject> All { get; } = [Lock, LockInitialised, Reference, Published];

    /// <summary>The callees of this kind that <paramref name="after"/> calls more often than <paramref name="before"/> (null: a new function).</summary>
    public IReadOnlyList<string> Added(CallSurvey? before, CallSurvey after)
    {
        ArgumentNullException.ThrowIfNull(after);
        return [.. after.Names.Where(n => Matches(n, after.IsOwn(n)) && after.Count(n) > (before?.Count(n) ?? 0))];
    }

    /// <summary>The callees by which <paramref name="before"/> takes references and <paramref name="after"/> does less often. What it drops less often is kept at worst.</summary>
    public static IReadOnlyList<string> NotTaken(CallSurvey? before, CallSurvey after)
    {
        ArgumentNullException.ThrowIfNull(after);
        return before is null ? [] : [.. before.Names.Where(n => !ReferenceNames.IsCheck(n) && ReferenceNames.Takes(n, before.IsOwn(n)) && before.Count(n) > after.Count(n))];
    }

    private static bool Starts(string name, params ReadOnlySpan<string> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }
        return false;
    }
}
