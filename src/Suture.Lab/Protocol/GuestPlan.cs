namespace Suture.Lab.Protocol;

/// <summary>
/// What the host asks of the guest program: a JSON file in the initramfs. These files are compiled into both
/// the lab and the guest, so that the two cannot disagree.
/// </summary>
internal sealed record GuestPlan
{
    /// <summary>Where the plan lies in the guest.</summary>
    public const string Path = "/lab/plan.json";

    /// <summary>Where the guest writes its events: the second serial port, whose driver every kernel has built in.</summary>
    public const string EventPort = "/dev/ttyS1";

    /// <summary>The livepatch under test.</summary>
    public required GuestModule Patch { get; init; }

    /// <summary>Modules the livepatch patches, each after the modules it needs.</summary>
    public required IReadOnlyList<GuestModule> Targets { get; init; }

    /// <summary>Executable in the guest that tells whether the fix is there (exit code 0), or null.</summary>
    public string? Probe { get; init; }

    /// <summary>Executable in the guest that runs during everything and prints "NUMBER UPTIME" lines, or null.</summary>
    public string? Workload { get; init; }

    /// <summary>How often to apply and revert.</summary>
    public int Cycles { get; init; } = 1;

    /// <summary>Bound on one run of the probe, in milliseconds.</summary>
    public int ProbeBoundMs { get; init; }

    /// <summary>Bound on one transition, and again on its reversal, in milliseconds.</summary>
    public int TransitionBoundMs { get; init; }
}

/// <summary>One module file in the guest.</summary>
/// <param name="Name">Module name, as /proc/modules shows it.</param>
/// <param name="File">Its path in the guest.</param>
/// <param name="Required">
/// Whether the trial ends when it does not load. False for what other modules ask for: some of that is for hardware that is
/// not there, and what is really needed shows when its user does not load.
/// </param>
internal sealed record GuestModule(string Name, string File, bool Required);
