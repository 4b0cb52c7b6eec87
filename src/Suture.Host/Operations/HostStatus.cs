using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>How a host stands, in a word.</summary>
public enum HostCondition
{
    /// <summary>Everything that is to be applied is.</summary>
    UpToDate,
    /// <summary>Nothing is applied.</summary>
    NothingApplied,
    /// <summary>Something is installed or wanted, and not applied; or applied, and to be taken back.</summary>
    UpdatePending,
    /// <summary>This kernel takes no livepatches.</summary>
    Unsupported,
    /// <summary>A transition is under way, or does not end.</summary>
    InTransition,
}

/// <summary>How one patch stands.</summary>
public enum PatchCondition
{
    /// <summary>The kernel runs it.</summary>
    Applied,
    /// <summary>It is on its way in or out.</summary>
    InTransition,
    /// <summary>It is installed, and was never applied.</summary>
    Installed,
    /// <summary>A later one replaced it.</summary>
    Replaced,
    /// <summary>It was taken back.</summary>
    Reverted,
    /// <summary>It did harm and is not loaded.</summary>
    Quarantined,
    /// <summary>It is to be applied, and the kernel does not run it.</summary>
    Missing,
    /// <summary>The kernel runs it, although it was to be taken back.</summary>
    Unwanted,
}

/// <summary>A patch and how it stands.</summary>
/// <param name="Patch">The patch.</param>
/// <param name="Condition">How it stands.</param>
/// <param name="Explanation">What a person should know about that; empty when it speaks for itself.</param>
public sealed record PatchStatus(InstalledPatch Patch, PatchCondition Condition, string Explanation);

/// <summary>How a host stands: what the kernel runs now, next to what is to be. Only reads.</summary>
public sealed record HostStatus
{
    /// <summary>In a word.</summary>
    public required HostCondition Condition { get; init; }

    /// <summary>Patches of the running kernel's release.</summary>
    public required IReadOnlyList<PatchStatus> Patches { get; init; }

    /// <summary>Livepatches that the kernel runs and Suture did not apply.</summary>
    public required IReadOnlyList<string> Foreign { get; init; }

    /// <summary>What needs someone's attention.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    private const int MostBlockers = 20, MostLookedAt = 2000;

    /// <summary>Tasks that a transition waits for.</summary>
    public IReadOnlyList<BlockingTask> Blockers { get; init; } = [];

    /// <summary>Functions that patches in transition replace: where they occur in a blocker's stack, they are the reason.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>Reads how <paramref name="host"/> stands.</summary>
    public static HostStatus Read(SutureHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var loaded = host.State.Load();
        var patches = loaded.State.For(host.Running.Release).Select(p => Of(host, p)).ToList();
        var foreign = host.Sysfs.Names().Where(n => patches.TrueForAll(p => p.Patch.Module != n)).ToList();
        var moving = host.Sysfs.Names().FirstOrDefault(n => host.Sysfs.InTransition(n) == true);
        var warnings = loaded.Warnings.Concat(host.Settings.Faults).ToList();
        if (host.Fitness.SwitchedOff() is { } off)
        {
            warnings.Add($"Suture is switched off: {off}");
        }
        var targets = patches.Where(p => p.Condition == PatchCondition.InTransition).SelectMany(p => host.Sysfs.Functions(p.Patch.Module)).Select(f => f.Name).ToList();
        return new HostStatus
        {
            Condition = !host.Running.HasLivepatching ? HostCondition.Unsupported
                : moving is not null ? HostCondition.InTransition
                : IsPending(patches) ? HostCondition.UpdatePending
                : patches.Exists(p => p.Condition == PatchCondition.Applied) ? HostCondition.UpToDate
                : HostCondition.NothingApplied,
            Patches = patches,
            Foreign = foreign,
            Warnings = warnings,
            // A transition that has just begun waits for nearly all; those inside a function that goes are the ones to tell of.
            Blockers = moving is null ? [] : [.. new TransitionTasks(host.Kernel).Blocking(host.Sysfs.Enabled(moving) == true, MostLookedAt)
                .OrderByDescending(b => b.Stack.Any(targets.Contains)).Take(MostBlockers)],
            Targets = targets,
        };
    }

    /// <summary>What waits: what is wanted and missing, what is applied and unwanted, and what was installed after everything that is applied.</summary>
    private static bool IsPending(List<PatchStatus> patches)
    {
        var lastApplied = patches.FindLastIndex(p => p.Condition == PatchCondition.Applied);
        return patches.Exists(p => p.Condition is PatchCondition.Missing or PatchCondition.Unwanted)
            || patches.FindLastIndex(p => p.Condition == PatchCondition.Installed && (p.Patch.Marks & (PatchMarks.Held | PatchMarks.Excluded)) == 0) > lastApplied;
    }

    private static PatchStatus Of(SutureHost host, InstalledPatch patch)
    {
        if (host.Sysfs.InTransition(patch.Module) == true)
        {
            return new PatchStatus(patch, PatchCondition.InTransition, host.Sysfs.Enabled(patch.Module) == true ? "the kernel is applying it" : "the kernel is taking it back");
        }
        if (host.Sysfs.Enabled(patch.Module) == true)
        {
            return patch switch
            {
                { Quarantine: { } harm } => new(patch, PatchCondition.Unwanted, $"it is in quarantine and still applied: {harm.Reason}; take it off: suture revert {patch.Name}"),
                { Wish: PatchWish.Reverted } => new(patch, PatchCondition.Unwanted, $"taking it back was interrupted; again: suture revert {patch.Name}"),
                { Probation: { } probation } => new(patch, PatchCondition.Applied, host.IsAttended(probation) ? "on probation: its health is being watched" : "applying it was interrupted; the next command settles it"),
                _ => new(patch, PatchCondition.Applied, ""),
            };
        }
        return patch switch
        {
            { Quarantine: { } harm } => new(patch, PatchCondition.Quarantined, harm.Reason),
            { Probation: { } probation } when probation.BootId != host.Running.BootId && probation.EndedInOrder != true => new(patch, PatchCondition.Quarantined, $"the machine went down while it was being applied ({probation.Since:yyyy-MM-dd HH:mm} UTC)"),
            { Marks: var marks } when marks.HasFlag(PatchMarks.Excluded) => new(patch, PatchCondition.Installed, "excluded on this host"),
            { Wish: PatchWish.Applied, Marks: var marks } when marks.HasFlag(PatchMarks.Held) => new(patch, PatchCondition.Missing, $"held: apply it by hand, suture apply {patch.Name}"),
            { Wish: PatchWish.Applied } => new(patch, PatchCondition.Missing, $"it is to be applied and the kernel does not run it: suture apply {patch.Name}"),
            { Wish: PatchWish.Replaced } => new(patch, PatchCondition.Replaced, ""),
            { Wish: PatchWish.Reverted } => new(patch, PatchCondition.Reverted, ""),
            _ => new(patch, PatchCondition.Installed, $"not applied yet: suture apply {patch.Name}"),
        };
    }
}
