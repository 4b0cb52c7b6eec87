namespace Suture.Host.State;

/// <summary>Whether a patch is to be applied.</summary>
public enum PatchWish
{
    /// <summary>It is installed and was never applied.</summary>
    Installed,
    /// <summary>It is applied, and is to be again after a reboot.</summary>
    Applied,
    /// <summary>A later patch replaced it.</summary>
    Replaced,
    /// <summary>It was taken back.</summary>
    Reverted,
}

/// <summary>A process, told from a later one of the same number.</summary>
/// <param name="BootId">The boot in which it runs.</param>
/// <param name="Id">Its number.</param>
/// <param name="Started">When it started, in clock ticks since boot (/proc/PID/stat).</param>
public sealed record ProcessIdentity(string BootId, int Id, long Started);

/// <summary>A patch that is being tried: a marker that is on disk before its module is loaded and goes when the host has been healthy for a while.</summary>
/// <param name="BootId">The boot in which it is tried. Found in another boot, the machine went down meanwhile.</param>
/// <param name="Owner">Process that tries it.</param>
/// <param name="OwnerStarted">When that process started, in clock ticks since boot (/proc/PID/stat), so that a later one of the same number is not taken for it.</param>
/// <param name="AtBoot">Whether it is applied at boot, else by hand or by the agent.</param>
/// <param name="Since">When it began.</param>
/// <param name="EndedInOrder">Whether its owner was told to end before it had watched long enough, as at a shutdown: that is no crash.</param>
public sealed record Probation(string BootId, int Owner, long OwnerStarted, bool AtBoot, DateTimeOffset Since, bool? EndedInOrder = null);

/// <summary>A patch that did harm and is not loaded again until someone says so.</summary>
/// <param name="Since">When it was found.</param>
/// <param name="Reason">What it did.</param>
public sealed record Quarantine(DateTimeOffset Since, string Reason);

/// <summary>What the administrator decided about a patch.</summary>
[Flags]
public enum PatchMarks
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>It stays applied: nothing may replace it.</summary>
    Pinned = 1,
    /// <summary>Nothing automatic applies it: neither boot nor agent.</summary>
    Held = 2,
    /// <summary>Nobody applies it.</summary>
    Excluded = 4,
}

/// <summary>A patch in the store.</summary>
public sealed record InstalledPatch
{
    /// <summary>Kernel release that it is for.</summary>
    public required string Release { get; init; }

    /// <summary>Name of the patch; unique for a release.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the kernel module.</summary>
    public required string Module { get; init; }

    /// <summary>Version of the patch.</summary>
    public required string Version { get; init; }

    /// <summary>SHA-256 of the module file, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>What it is about.</summary>
    public string? Title { get; init; }

    /// <summary>CVEs that it fixes.</summary>
    public IReadOnlyList<string> Cves { get; init; } = [];

    /// <summary>Whether it replaces all others.</summary>
    public bool Replace { get; init; }

    /// <summary>When it was installed.</summary>
    public DateTimeOffset Installed { get; init; }

    /// <summary>Since when it is applied, across reboots; null when it is not.</summary>
    public DateTimeOffset? AppliedSince { get; init; }

    /// <summary>Whether it is to be applied.</summary>
    public PatchWish Wish { get; init; }

    /// <summary>Name of the patch that replaced it; wanted again should that one do harm.</summary>
    public string? ReplacedBy { get; init; }

    /// <summary>Marker while it is tried.</summary>
    public Probation? Probation { get; init; }

    /// <summary>How many boots in a row ended in order before it had been watched long enough; null for none.</summary>
    public int? UnwatchedBoots { get; init; }

    /// <summary>Why it is not loaded any more.</summary>
    public Quarantine? Quarantine { get; init; }

    /// <summary>What the administrator decided.</summary>
    public PatchMarks Marks { get; init; }

    /// <summary>Whether boot and agent may load it.</summary>
    public bool MayLoadAutomatically => Wish == PatchWish.Applied && Quarantine is null && (Marks & (PatchMarks.Held | PatchMarks.Excluded)) == 0;

    /// <summary>Whether <paramref name="given"/> names it: by patch name or by module name.</summary>
    public bool IsNamed(string given) => Name == given || Module == given;
}
