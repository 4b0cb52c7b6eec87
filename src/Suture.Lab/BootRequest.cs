using Suture.Lab.Memory;

namespace Suture.Lab;

/// <summary>What one boot of the lab's machine is for.</summary>
internal sealed record BootRequest
{
    /// <summary>The kernel.</summary>
    public required LabKernel Kernel { get; init; }

    /// <summary>The livepatch modules to try, one after the other.</summary>
    public required IReadOnlyList<(string File, ModuleFacts Facts)> Patches { get; init; }

    /// <summary>What must be in memory while a livepatch is applied, by its file; those without are not looked at.</summary>
    public IReadOnlyDictionary<string, PatchCode> Code { get; init; } = new Dictionary<string, PatchCode>();

    /// <summary>
    /// Whether a trial fails when the module that the livepatch patches does not load. Of several objects some are for hardware that the lab does not
    /// have: then it fails only when none of them is there.
    /// </summary>
    public bool TargetsMustLoad { get; init; } = true;

    /// <inheritdoc cref="LabRequest.Replaced"/>
    public string? Replaced { get; init; }

    /// <inheritdoc cref="LabRequest.Probe"/>
    public string? Probe { get; init; }

    /// <inheritdoc cref="LabRequest.Cycles"/>
    public int Cycles { get; init; } = 1;

    /// <inheritdoc cref="LabRequest.Files"/>
    public IReadOnlyList<LabFile> Files { get; init; } = [];

    /// <inheritdoc cref="LabRequest.Workload"/>
    public bool Workload { get; init; }

    /// <inheritdoc cref="LabRequest.Load"/>
    public string? Load { get; init; }

    /// <inheritdoc cref="LabRequest.LoadTime"/>
    public TimeSpan LoadTime { get; init; }

    /// <summary>How many times longer than usual the kernel may take to come up, and a stage to end after its own bound.</summary>
    public int Patience { get; init; } = 1;

    /// <summary>Bound on all of it.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <inheritdoc cref="LabRequest.TransitionBound"/>
    public required TimeSpan TransitionBound { get; init; }

    /// <inheritdoc cref="LabRequest.ProbeBound"/>
    public TimeSpan ProbeBound { get; init; }
}
