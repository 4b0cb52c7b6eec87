namespace Suture.Lab;

/// <summary>What to try, on which kernel.</summary>
public sealed record LabRequest
{
    /// <summary>The livepatch module file.</summary>
    public required string Module { get; init; }

    /// <summary>The kernel to boot.</summary>
    public required LabKernel Kernel { get; init; }

    /// <summary>
    /// Executable that must fail without the livepatch and succeed with it: a script for /bin/sh or a program; null for none.
    /// </summary>
    public string? Probe { get; init; }

    /// <summary>An older livepatch module file, to be applied first and replaced by <see cref="Module"/>; null for none.</summary>
    public string? Replaced { get; init; }

    /// <summary>How often to apply and revert, from 1.</summary>
    public int Cycles { get; init; } = 1;

    /// <summary>How to run the machine.</summary>
    public AccelChoice Accel { get; init; } = AccelChoice.Auto;

    /// <summary>Further files for the guest.</summary>
    public IReadOnlyList<LabFile> Files { get; init; } = [];

    /// <summary>
    /// Whether a process that counts runs during everything, so that the report can tell that nothing was interrupted.
    /// </summary>
    public bool Workload { get; init; }

    /// <summary>
    /// Executable that works the kernel before the livepatch is applied, while it is, and after it was taken back: called with the number of
    /// seconds, it must end with 0, and lines "NAME NUMBER" that it prints are compared. Null for none.
    /// </summary>
    public string? Load { get; init; }

    /// <summary>How long <see cref="Load"/> works each time.</summary>
    public TimeSpan LoadTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bound on the whole verdict.</summary>
    public TimeSpan Timeout { get; init; } = TimeoutFor(1);

    /// <summary>A bound on the whole verdict that gives each of <paramref name="cycles"/> its time: 180 s, and 60 s for each after the first. Each stage has its own, tighter bound.</summary>
    public static TimeSpan TimeoutFor(int cycles) => TimeSpan.FromSeconds(120 + (60 * cycles));

    /// <summary>Bound on one transition, and again on reversing it. The kernel's own remedy for laggards comes after 15 s.</summary>
    public TimeSpan TransitionBound { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Bound on one run of the probe.</summary>
    public TimeSpan ProbeBound { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>A file for the guest.</summary>
/// <param name="Source">Path on this machine.</param>
/// <param name="GuestPath">Absolute path in the guest.</param>
public sealed record LabFile(string Source, string GuestPath);

/// <summary>How to run the machine.</summary>
public enum AccelChoice
{
    /// <summary>KVM when it really runs a kernel, else TCG.</summary>
    Auto,
    /// <summary>Hardware virtualisation.</summary>
    Kvm,
    /// <summary>Emulation; works everywhere.</summary>
    Tcg,
}
