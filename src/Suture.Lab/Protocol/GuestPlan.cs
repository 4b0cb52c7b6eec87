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

    /// <summary>In the detail of a load-targets stage: before the names of modules that do not load on this machine.</summary>
    public const string NotLoaded = "not loaded here: ";

    /// <summary>The livepatches under test, tried one after the other until one fails: what it left behind is not known.</summary>
    public required IReadOnlyList<GuestTrial> Trials { get; init; }

    /// <summary>The kernel log's line at the start of trial number <paramref name="trial"/>, so that the log can be told apart by trials.</summary>
    public static string LogMark(int trial) => $"suture-lab: trial {trial} begins";

    /// <summary>The kernel log's line before the livepatch of trial number <paramref name="trial"/> is loaded for the first time: what comes earlier is not its fault.</summary>
    public static string LivepatchMark(int trial) => $"suture-lab: trial {trial} loads the livepatch";

    /// <summary>The kernel log's line after the last trial, when what it left to timers and grace periods has had its time.</summary>
    public const string LogEnd = "suture-lab: all trials are over";

    /// <summary>An older livepatch, applied before each one under test, which must replace it; or null.</summary>
    public GuestModule? Replaced { get; init; }

    /// <summary>Executable in the guest that tells whether the fix is there (exit code 0), or null.</summary>
    public string? Probe { get; init; }

    /// <summary>Executable in the guest that runs during everything and prints "NUMBER UPTIME" lines, or null.</summary>
    public string? Workload { get; init; }

    /// <summary>Executable in the guest that works the kernel before the livepatch is applied, meanwhile, during and after, for as many seconds as its argument says, or null.</summary>
    public string? Load { get; init; }

    /// <summary>How long <see cref="Load"/> works each time, in seconds.</summary>
    public int LoadSeconds { get; init; }

    /// <summary>How often to apply and revert.</summary>
    public int Cycles { get; init; } = 1;

    /// <summary>Bound on one run of the probe, in milliseconds.</summary>
    public int ProbeBoundMs { get; init; }

    /// <summary>Bound on one transition, and again on its reversal, in milliseconds.</summary>
    public int TransitionBoundMs { get; init; }
}

/// <summary>One livepatch to try.</summary>
/// <param name="Patch">The livepatch.</param>
/// <param name="Targets">Modules that it patches, each after the modules it needs.</param>
/// <param name="NeedsOneOf">Names of targets without any of which nothing would be tried; empty when there is something else to try, too.</param>
internal sealed record GuestTrial(GuestModule Patch, IReadOnlyList<GuestModule> Targets, IReadOnlyList<string> NeedsOneOf);

/// <summary>One module file in the guest.</summary>
/// <param name="Name">Module name, as /proc/modules shows it.</param>
/// <param name="File">Its path in the guest.</param>
/// <param name="Required">
/// Whether the trial ends when it does not load. False for what other modules ask for: some of that is for hardware that is
/// not there, and what is really needed shows when its user does not load. What has loaded without the livepatch must load
/// with it, either way.
/// </param>
internal sealed record GuestModule(string Name, string File, bool Required)
{
    /// <summary>Names of the modules without which it cannot load.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>For a livepatch: what to read from memory while it is applied, or null.</summary>
    public GuestMemoryPlan? Memory { get; init; }
}
