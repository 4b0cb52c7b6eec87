using System.Diagnostics;
using Suture.Host.Health;
using Suture.Host.Interfaces;
using Suture.Host.Preflight;
using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>
/// One installed patch put into the kernel, by hand, by the agent or at boot. The marker is on disk before its module is loaded; the state
/// follows the kernel; what cannot be recorded is taken back.
/// </summary>
internal sealed class PatchTrial(SutureHost host, string verb, TimeSpan timeout, IProgress<HostProgress>? progress)
{
    /// <summary>Longer than any command holds the lock, with a transition and its reversal.</summary>
    private static readonly TimeSpan LockBound = TimeSpan.FromMinutes(60);

    /// <summary>For who is to end at once.</summary>
    private static readonly TimeSpan BriefLockBound = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SysfsBound = TimeSpan.FromSeconds(5), Poll = TimeSpan.FromMilliseconds(20);

    private const string LookedAtLater = "it stays on probation until the agent, or the next suture command, has looked at it";

    /// <summary>
    /// Loads <paramref name="patch"/>, whose opened file in the store is <paramref name="module"/>, completes its transition and records it; it is then
    /// on probation. <paramref name="state"/> is the state on disk before and after. Needs the lock.
    /// </summary>
    public HostOutcome Run(ref HostState state, InstalledPatch patch, OpenedModule module, CancellationToken cancel)
    {
        var marked = patch with { Probation = host.NewProbation(verb == "boot"), Quarantine = null };
        var before = state;
        using var room = host.State.Reserve();
        host.State.Save(state = state.With(marked));
        FaultPoint.Reached($"{verb}.marked");

        var loader = host.Loader(timeout);
        var clock = Stopwatch.StartNew();
        progress?.Report(new HostProgress($"loading {patch.Module}"));
        var outcome = loader.Load(module.Handle, patch.Module);
        if (outcome.Ok)
        {
            FaultPoint.Reached($"{verb}.loaded");
            outcome = loader.Complete(patch.Module, left => progress?.Report(new HostProgress("transition", left, "tasks")), cancel);
        }
        var transition = clock.ElapsedMilliseconds;
        room.Dispose();
        if (!outcome.Ok)
        {
            state = Forget(before, marked, outcome);
            return Of(outcome, patch, module);
        }
        FaultPoint.Reached($"{verb}.transitioned");

        var after = Recovery.AfterApplying(host, state, marked);
        try
        {
            host.State.Save(after);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var replacedAny = before.For(patch.Release).Any(p => p.Name != patch.Name && p.Wish == PatchWish.Applied && after.For(patch.Release).Any(q => q.Name == p.Name && q.Wish == PatchWish.Replaced));
            return replacedAny ? LeftUnrecorded(patch, e) : TakeBackUnrecorded(patch, e);
        }
        state = after;
        FaultPoint.Reached($"{verb}.recorded");
        foreach (var replaced in state.For(patch.Release).Where(p => p.Wish == PatchWish.Replaced && host.Modules.Contains(p.Module)))
        {
            // The kernel frees what was replaced a moment after the transition has ended.
            if (SpinWait.SpinUntil(() => { Thread.Sleep(Poll); return !host.Sysfs.Exists(replaced.Module); }, SysfsBound))
            {
                loader.Unload(replaced.Module);
            }
        }
        FaultPoint.Reached($"{verb}.unloaded");
        return new HostOutcome { Result = HostResult.Done, Message = $"{patch.Name} is applied", Patch = patch.Name, TransitionMs = transition };
    }

    /// <summary>
    /// Ends the probation of patches that this process watched: <paramref name="harm"/> null clears the marker, else they are taken back and put into
    /// quarantine. Takes the lock; harm is not forgotten because another command holds it, nor because a disk that the patch may have broken cannot be read,
    /// nor because this process is to end (<paramref name="cancel"/>), as nothing else is waited for then.
    /// Null when somebody else has changed all of them meanwhile.
    /// </summary>
    public HostOutcome? Judge(IReadOnlyList<InstalledPatch> tried, string? harm, CancellationToken cancel)
    {
        StateFile.Loaded loaded;
        HostLock? hold = null;
        try
        {
            hold = HostLock.Take(host.Paths, LockBound, harm is null ? cancel : CancellationToken.None, () => progress?.Report(new HostProgress("waiting for another suture command")));
            if (hold is null)
            {
                var held = $"another command has held the lock for {LockBound.TotalMinutes} minutes";
                return harm is null ? Unjudged(tried, $"{held}: {LookedAtLater}")
                    : new HostOutcome { Result = HostResult.Failed, Message = $"{harm}; not taken back: {held}", Advice = "ps -C suture; suture status", Patch = tried[0].Name };
            }
            loaded = host.State.Load();
        }
        catch (OperationCanceledException)
        {
            return Unjudged(tried, $"another command held the lock; {Leave(tried)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Journal.Warning($"the state cannot be read: {e.Message}");
            if (harm is null)
            {
                hold?.Dispose();
                return Unjudged(tried, $"the state cannot be read ({e.Message}): {LookedAtLater}");
            }
            loaded = new StateFile.Loaded(new HostState(), [e.Message]);
        }
        using (hold)
        {
            var outcome = Watched(loaded, tried, harm) is not { Count: > 0 } watched ? null
                : harm is null ? Clear(loaded.State, watched) : TakeBack(loaded.State, watched, harm);
            FaultPoint.Reached($"{verb}.cleared");
            return outcome;
        }
    }

    /// <summary>Watches what was just applied; the harm that it found, or null, and what to tell where this process was told to end before the period was over.</summary>
    public async Task<(string? Harm, string? Interrupted)> WatchAsync(
        HealthWatch watch, IReadOnlyList<InstalledPatch> tried, TimeSpan period, string stage, Action<TimeSpan>? passed, CancellationToken cancel)
    {
        try
        {
            return (await watch.WatchAsync(period, stage, tried[0].Name, passed, cancel), null);
        }
        catch (OperationCanceledException)
        {
            return watch.KernelHarmNow() is { } harm ? (harm, null) : (null, Leave(tried));
        }
    }

    /// <summary>
    /// Ends a watch before its time, because this process was told to: the marker stays, and says that this was no crash. The agent or the next command settles it; should
    /// the machine be rebooted first, the next boot tries the patch once more, and again, but not for ever.
    /// </summary>
    /// <returns>What to tell of it.</returns>
    private string Leave(IReadOnlyList<InstalledPatch> tried)
    {
        try
        {
            using var hold = HostLock.Take(host.Paths, BriefLockBound, CancellationToken.None);
            if (hold is not null)
            {
                var loaded = host.State.Load();
                host.State.TrySave(Watched(loaded, tried, null).Aggregate(loaded.State, (s, p) => s.With(p with { Probation = p.Probation! with { EndedInOrder = true } })));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Journal.Warning($"the state cannot be read: {e.Message}");
        }
        return $"watching its health was interrupted: {LookedAtLater}";
    }

    private static HostOutcome Unjudged(IReadOnlyList<InstalledPatch> tried, string why) => new()
    {
        Result = HostResult.Done,
        Message = $"{string.Join(", ", tried.Select(p => p.Name))}: applied",
        Notes = [why],
    };

    /// <summary>Those of <paramref name="tried"/> that are still on probation here. A state that could not be read does not say that they are not.</summary>
    private List<InstalledPatch> Watched(StateFile.Loaded loaded, IReadOnlyList<InstalledPatch> tried, string? harm)
    {
        var watched = loaded.State.For(host.Running.Release).Where(p => tried.Any(t => t.Name == p.Name) && p.Probation is { } probation && host.IsOwn(probation)).ToList();
        return harm is null || loaded.Warnings.Count == 0 ? watched
            : [.. watched, .. tried.Where(t => !watched.Exists(w => w.Name == t.Name) && host.Sysfs.Exists(t.Module))];
    }

    private HostOutcome Clear(HostState state, List<InstalledPatch> healthy)
    {
        var outcome = new HostOutcome { Result = HostResult.Done, Message = $"{string.Join(", ", healthy.Select(p => p.Name))}: applied, and healthy" };
        return host.State.TrySave(healthy.Aggregate(state, (s, p) => s.With(p with { Probation = null, UnwatchedBoots = null }))) is { } fault
            ? outcome with { Notes = [$"{fault}: when there is room again, the agent watches anew"] } : outcome;
    }

    private HostOutcome TakeBack(HostState state, List<InstalledPatch> harmful, string harm)
    {
        var notes = new List<string>();
        var isBack = true;
        string? fault = null;
        foreach (var patch in Enumerable.Reverse(harmful))
        {
            // The quarantine is on disk first: should taking it back bring the machine down, it is not loaded again. A disk that cannot be written to is no
            // reason to leave it in the kernel, though: it may be what broke the disk.
            state = state.WithQuarantined(patch, harm);
            fault = host.State.TrySave(state);
            var reverted = host.Sysfs.Exists(patch.Module) ? host.Loader(timeout).Revert(patch.Module, left => progress?.Report(new HostProgress("transition back", left, "tasks"))) : null;
            isBack &= reverted is not { Ok: false };
            notes.Add(reverted is { Ok: false } ? $"{patch.Name} could not be taken back: {reverted.Detail}" : $"{patch.Name} was taken back");
            Journal.Error($"patch {patch.Name} {patch.Version} is in quarantine: {harm}; {notes[^1]}");
        }
        fault = fault is null ? null : host.State.TrySave(state);
        notes.Add(fault is null ? "it will not be loaded again" : $"{fault}, so the next boot may load it again");
        notes.AddRange(state.For(host.Running.Release).Where(p => p.MayLoadAutomatically && !host.Sysfs.Exists(p.Module)).Select(p => $"{p.Name} is to be applied again"));
        return new HostOutcome
        {
            Result = isBack ? HostResult.Unhealthy : HostResult.Failed,
            Message = $"{harm}; {string.Join("; ", notes)}",
            Advice = isBack ? $"look at the journal; when it was not the patch: suture apply {harmful[0].Name} --again" : $"suture status names what holds it; then: suture revert {harmful[0].Name}",
            Patch = harmful[0].Name,
        };
    }

    private static HostOutcome Of(LivepatchOutcome outcome, InstalledPatch patch, OpenedModule module) => new()
    {
        Result = outcome.Status switch { LivepatchStatus.Refused => HostResult.Refused, LivepatchStatus.Stalled => HostResult.Stalled, _ => HostResult.Failed },
        Kind = outcome.Status != LivepatchStatus.Refused ? null : outcome.IsForSignature ? RefusalKind.Verification : RefusalKind.Host,
        Message = outcome.Detail,
        Advice = outcome.Status switch
        {
            LivepatchStatus.Stalled => "wake or end the tasks that are named, then try again; or give it longer: --timeout",
            LivepatchStatus.Stuck => "the kernel is still in transition: wake or end the tasks that are named, then run suture status",
            _ => "the kernel log says more: dmesg | tail",
        },
        Patch = patch.Name,
        Blockers = outcome.Blockers,
        Targets = [.. module.Note.Functions.Select(f => f.Name)],
    };

    /// <summary>The kernel took nothing: so says the state. When even that cannot be written, the marker stays, and recovery removes it.</summary>
    private HostState Forget(HostState before, InstalledPatch marked, LivepatchOutcome outcome)
    {
        if (outcome.Status == LivepatchStatus.Stuck)
        {
            return before.With(marked);
        }
        host.State.TrySave(before);
        return before;
    }

    /// <summary>Taking it back would leave the host without what it replaced, too, and nothing can be written that brings that back.</summary>
    private static HostOutcome LeftUnrecorded(InstalledPatch patch, Exception fault) => new()
    {
        Result = HostResult.Failed,
        Message = $"{patch.Name} is applied, and replaced what was applied before, but that could not be recorded ({fault.Message})",
        Advice = "make room, then run suture status and suture apply: the next command records it. A reboot before that puts it into quarantine and applies what it replaced",
        Patch = patch.Name,
    };

    private HostOutcome TakeBackUnrecorded(InstalledPatch patch, Exception fault)
    {
        var reverted = host.Loader(timeout).Revert(patch.Module);
        return new HostOutcome
        {
            Result = HostResult.Failed,
            Message = $"{patch.Name} was applied but could not be recorded ({fault.Message}), so it was {(reverted.Ok ? "taken back" : $"to be taken back, which failed: {reverted.Detail}")}",
            Advice = $"make room below {host.Paths.State}, then try again",
            Patch = patch.Name,
        };
    }
}
