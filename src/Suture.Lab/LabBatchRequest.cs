namespace Suture.Lab;

/// <summary>Many livepatches to try on one kernel.</summary>
public sealed record LabBatchRequest
{
    /// <summary>The kernel to boot.</summary>
    public required LabKernel Kernel { get; init; }

    /// <summary>The livepatch module files, each with a module name of its own.</summary>
    public required IReadOnlyList<string> Modules { get; init; }

    /// <summary>How many to try in one boot at the most.</summary>
    public int MostPerBoot { get; init; } = 30;

    /// <summary>How to run the machine.</summary>
    public AccelChoice Accel { get; init; } = AccelChoice.Auto;

    /// <summary>Bound on one transition, and again on reversing it; longer than for one livepatch, for the machine may be busy.</summary>
    public TimeSpan TransitionBound { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>The lab's answer on one of many livepatches.</summary>
/// <param name="Module">Its file.</param>
/// <param name="Verdict">Whether it loaded, completed its transition, was reverted and unloaded, all with a clean kernel log.</param>
/// <param name="Detail">What failed, or which of the modules that it patches could not be loaded on this machine, and why its code in memory was not compared.</param>
public sealed record LabBatchVerdict(string Module, LabVerdict Verdict, string Detail);
