using Suture.Host.Health;
using Suture.Host.Interfaces;
using Suture.Host.Preflight;
using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>How to apply a patch.</summary>
public sealed record ApplyOptions
{
    /// <summary>Bound on the transition; null for the administrator's setting.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long to watch the host afterwards; null for the administrator's setting.</summary>
    public TimeSpan? Watch { get; init; }

    /// <summary>Also when it is in quarantine.</summary>
    public bool Again { get; init; }

    /// <summary>Make all checks, change nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Whether it is to go back to an installed cumulative patch, whose name is given: also when the host is not healthy now.</summary>
    public bool BackTo { get; init; }

    /// <summary>The word for the history: apply, agent or revert.</summary>
    public string Verb { get; init; } = "apply";
}

/// <summary>
/// Applies a patch: open the file once → is it whole, is it for this kernel, is the host fit, is the code in memory what it replaces →
/// copy it into the store → mark → load → transition → record → watch → clear the mark, or take it back.
/// </summary>
public sealed class ApplyOperation(SutureHost host, ApplyOptions options, IProgress<HostProgress>? progress = null)
{
    private static readonly TimeSpan LockBound = TimeSpan.FromSeconds(30);
    private readonly ShownProgress _progress = new(progress);
    private bool _isApplied;

    private TimeSpan Timeout => options.Timeout ?? host.Settings.TransitionTimeout;

    /// <summary>Applies <paramref name="given"/>: a file (has a '/' or ends in .ko), or the name of an installed patch.</summary>
    public async Task<HostOutcome> RunAsync(string given, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(given);
        try
        {
            return await RunCheckedAsync(given, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new HostOutcome { Result = HostResult.Failed, Message = e.Message, Advice = $"is there room and permission below {host.Paths.State}? {(_isApplied ? "the patch is applied" : "nothing was loaded")}" };
        }
    }

    private async Task<HostOutcome> RunCheckedAsync(string given, CancellationToken cancel)
    {
        if (host.Fitness.Refusal() is { } unfit)
        {
            return Refused(given, null, unfit);
        }
        _progress.Report(new HostProgress("checking"));
        using var watch = new HealthWatch(host.Kernel, host.Checks);
        HostOutcome outcome;
        Record record;
        InstalledPatch patch;
        IReadOnlyList<string> notes;
        using (var hold = HostLock.Take(host.Paths, LockBound, cancel))
        {
            if (hold is null)
            {
                return Refused(given, null, Busy());
            }
            var state = Settled(out notes);
            var (opened, refusal) = OpenGiven(given, state);
            using var module = opened;
            if (module is null)
            {
                return Refused(given, null, refusal!);
            }
            FaultPoint.Reached("apply.read");
            if (IsThere(state, module))
            {
                return new HostOutcome { Result = HostResult.Nothing, Message = $"{module.Note.Name} {module.Note.Version} is already applied", Patch = module.Note.Name, Notes = notes };
            }
            var checks = new Preflight.PatchChecks(host, state, options.Again);
            refusal = checks.Run(module);
            if (refusal is null)
            {
                var failed = await watch.BaselineAsync(module.Note.Name, cancel);
                // Going back is what one does when the host is not healthy.
                refusal = options.BackTo ? null : Unhealthy([.. failed.Select(c => c.ToString())]);
            }
            if (refusal is not null)
            {
                return Refused(module.Note.Name, module.Note.Version, refusal);
            }
            notes = [.. notes, .. checks.Notes];
            FaultPoint.Reached("apply.checked");
            if (options.DryRun)
            {
                return new HostOutcome { Result = HostResult.Done, Message = $"{module.Note.Name} {module.Note.Version} can be applied; nothing was changed", Patch = module.Note.Name, Notes = notes };
            }
            if (module.Exchanged() is { } exchanged)
            {
                return Refused(module.Note.Name, module.Note.Version, exchanged);
            }
            if (watch.HarmBefore() is { } harm && !options.BackTo)
            {
                return Refused(module.Note.Name, module.Note.Version, Unhealthy([harm])!);
            }
            (record, patch, outcome) = Apply(state, module, cancel);
            _isApplied = outcome.Result == HostResult.Done;
        }
        if (outcome.Result != HostResult.Done)
        {
            record.End(outcome.Word, outcome.Message);
            return outcome with { Notes = notes };
        }
        outcome = await WatchAsync(watch, patch, outcome, cancel);
        record.End(outcome.Word, outcome.Message, outcome.TransitionMs);
        FaultPoint.Reached("apply.finished");
        return outcome with { Notes = [.. notes, .. outcome.Notes] };
    }

    /// <summary>The state as it is true now. Who only asks whether a patch can be applied settles nothing.</summary>
    private HostState Settled(out IReadOnlyList<string> notes)
    {
        if (options.DryRun)
        {
            var loaded = host.State.Load();
            notes = loaded.Warnings;
            return loaded.State;
        }
        var recovery = new Recovery(host);
        var state = recovery.Run();
        notes = recovery.Notes;
        return state;
    }

    private (Record Record, InstalledPatch Patch, HostOutcome Outcome) Apply(HostState state, OpenedModule module, CancellationToken cancel)
    {
        var known = state.For(module.Note.Kernel.Release).FirstOrDefault(p => p.Name == module.Note.Name);
        var described = StateFile.Describe(module.Note, module.Bytes, DateTimeOffset.UtcNow);
        var patch = known is null ? described
            : known.Sha256 == described.Sha256 ? known
            : described with { Marks = known.Marks, Wish = known.Wish, ReplacedBy = known.ReplacedBy };
        var record = Record.Begin(host, options.Verb, patch);
        FaultPoint.Reached("apply.begun");
        try
        {
            if (known?.Sha256 != described.Sha256 || !IsInStore(patch))
            {
                _progress.Report(new HostProgress("installing"));
                DurableFile.MakeDirectory(host.Paths.Patches(patch.Release));
                // Beside the old file, which stays the one that the state means until it means this one.
                var path = host.Paths.Patch(patch.Release, patch.Name);
                DurableFile.Write(path + HostPaths.Next, module.Bytes, () => FaultPoint.Reached("apply.copied"));
                host.State.Save(state = state.With(patch));
                FaultPoint.Reached("apply.listed");
                DurableFile.Rename(path + HostPaths.Next, path);
            }
            FaultPoint.Reached("apply.installed");
            // What is loaded is the store's own copy, read back and checked through the descriptor that the kernel gets.
            var (stored, refusal) = OpenedModule.Open(host.Paths.Patch(patch.Release, patch.Name), host.Owner);
            using (stored)
            {
                if (stored is null || !stored.Bytes.AsSpan().SequenceEqual(module.Bytes))
                {
                    refusal ??= new Refusal(RefusalKind.Verification, $"{host.Paths.Patch(patch.Release, patch.Name)} is not what was written there", "is the disk in order?");
                    return (record, patch, HostOutcome.Of(refusal, patch.Name));
                }
                var outcome = new PatchTrial(host, "apply", Timeout, _progress).Run(ref state, patch, stored, cancel);
                return (record, patch, outcome);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (record, patch, new HostOutcome
            {
                Result = HostResult.Failed,
                Message = $"{e.Message}; nothing was loaded",
                Advice = $"make room below {host.Paths.State}, then try again",
                Patch = patch.Name,
            });
        }
    }

    /// <summary>Whether the store has its file, and undamaged.</summary>
    private bool IsInStore(InstalledPatch patch)
    {
        var (stored, _) = OpenedModule.OpenInstalled(host, patch);
        using (stored)
        {
            return stored is not null;
        }
    }

    /// <summary>The lock is free meanwhile: whoever wants to take the patch back at once may.</summary>
    private async Task<HostOutcome> WatchAsync(HealthWatch watch, InstalledPatch patch, HostOutcome applied, CancellationToken cancel)
    {
        var period = options.Watch ?? host.Settings.Watch;
        var trial = new PatchTrial(host, "apply", Timeout, _progress);
        var (harm, interrupted) = await trial.WatchAsync(watch, [patch], period, "after",
            passed => _progress.Report(new HostProgress("watching the host's health", (int)Math.Ceiling((period - passed).TotalSeconds), "s")), cancel);
        FaultPoint.Reached("apply.watched");
        if (interrupted is not null)
        {
            return applied with { Result = HostResult.Interrupted, Message = $"{applied.Message}; {interrupted}" };
        }
        return trial.Judge([patch], harm, cancel) switch
        {
            null => applied with { Message = $"{patch.Name} was applied, and changed by another command while it was watched" },
            { Result: HostResult.Done } healthy => applied with
            {
                Message = applied.Message + (period > TimeSpan.Zero ? $", and healthy for {period.TotalSeconds:0.#} s" : ""),
                Notes = healthy.Notes,
            },
            var harmful => harmful with { TransitionMs = applied.TransitionMs },
        };
    }

    private (OpenedModule? Module, Refusal? Refusal) OpenGiven(string given, HostState state)
    {
        if (options.BackTo)
        {
            return state.For(host.Running.Release).FirstOrDefault(p => p.IsNamed(given)) is { Replace: true } older ? OpenedModule.OpenInstalled(host, older)
                : (null, new Refusal(RefusalKind.Host, $"{given} is no installed cumulative patch: nothing goes back to it in one transition", "suture list shows what is installed; suture revert NAME takes one patch off"));
        }
        if (given.Contains('/') || given.EndsWith(".ko", StringComparison.Ordinal))
        {
            return OpenedModule.Open(given, host.Owner);
        }
        var release = host.Running.Release;
        if (state.For(release).FirstOrDefault(p => p.IsNamed(given)) is not { } patch)
        {
            return (null, new Refusal(RefusalKind.Host, $"no patch {given} is installed for kernel {release}", "give a module file, or a name that suture list shows"));
        }
        return OpenedModule.OpenInstalled(host, patch);
    }

    /// <summary>Whether this very file is loaded and applied.</summary>
    private bool IsThere(HostState state, OpenedModule module) =>
        state.For(host.Running.Release).Any(p => p.Module == module.Note.Module && p.Wish == PatchWish.Applied && p.Quarantine is null && host.IsApplied(p)
            && p.Sha256 == module.Sha256);

    private static Refusal? Unhealthy(IReadOnlyList<string> failed) => failed.Count == 0 ? null
        : new Refusal(RefusalKind.Host, $"the host is not healthy as it is: {string.Join("; ", failed)}", "mend that first: afterwards nobody could tell whether the patch did harm");

    private HostOutcome Refused(string patch, string? version, Refusal refusal)
    {
        if (!options.DryRun)
        {
            Record.Note(host, options.Verb, patch, version, "refused", refusal.Message);
        }
        return HostOutcome.Of(refusal, patch);
    }

    internal static Refusal Busy() => new(RefusalKind.Host, "another suture command is at work on this host", "wait until it has ended: ps -C suture");
}
