using System.Diagnostics;
using Suture.Host.Health;
using Suture.Host.Interfaces;
using Suture.Host.Preflight;
using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>
/// One installed patch put into the kernel, by hand, by the agent or at boot. The marker is on disk before its module is loaded; the state
/// follows the kernel; what cannot be recorded is taken back. Needs the lock.
/// </summary>
internal sealed class PatchTrial(SutureHost host, string verb, TimeSpan timeout, IProgress<HostProgress>? progress)
{
    /// <summary>
    /// Loads <paramref name="patch"/>, whose opened file in the store is <paramref name="module"/>, completes its transition and records it; it is then
    /// on probation. <paramref name="state"/> is the state on disk before and after.
    /// </summary>
    public HostOutcome Run(ref HostState state, InstalledPatch patch, OpenedModule module, CancellationToken cancel)
    {
        var marked = patch with { Probation = host.NewProbation(verb == "boot"), Quarantine = null };
        var before = state;
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
        if (!outcome.Ok)
        {
            state = Forget(before, marked, outcome);
            return Of(outcome, patch, module);
        }
        FaultPoint.Reached($"{verb}.transitioned");

        var applied = marked with { Wish = PatchWish.Applied, AppliedSince = patch.AppliedSince ?? DateTimeOffset.UtcNow };
        var after = Recovery.AfterReplacement(host, verb == "boot" ? state.With(applied) : state.WithLast(applied), applied);
        try
        {
            host.State.Save(after);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return TakeBackUnrecorded(applied, e);
        }
        state = after;
        FaultPoint.Reached($"{verb}.recorded");
        foreach (var replaced in state.For(applied.Release).Where(p => p.Wish == PatchWish.Replaced && host.Modules.Contains(p.Module) && !host.Sysfs.Exists(p.Module)))
        {
            loader.Unload(replaced.Module);
        }
        FaultPoint.Reached($"{verb}.unloaded");
        return new HostOutcome { Result = HostResult.Done, Message = $"{patch.Name} is applied", Patch = patch.Name, TransitionMs = transition };
    }

    /// <summary>
    /// Ends the probation of patches that were watched: <paramref name="harm"/> null clears the marker, else they are taken back and put into quarantine.
    /// </summary>
    public HostOutcome Judge(IReadOnlyList<string> names, string? harm)
    {
        var state = host.State.Load().State;
        var notes = new List<string>();
        foreach (var patch in state.For(host.Running.Release).Where(p => names.Contains(p.Name)).Reverse().ToList())
        {
            if (harm is null)
            {
                state = state.With(patch with { Probation = null });
                continue;
            }
            // The quarantine is on disk first: should taking it back bring the machine down, it is not loaded again.
            state = state.With(patch with { Quarantine = new Quarantine(DateTimeOffset.UtcNow, harm), Probation = null, AppliedSince = null });
            host.State.Save(state);
            var reverted = host.Sysfs.Exists(patch.Module) ? host.Loader(timeout).Revert(patch.Module) : null;
            notes.Add(reverted is { Ok: false } ? $"{patch.Name} could not be taken back: {reverted.Detail}" : $"{patch.Name} was taken back");
            Journal.Error($"patch {patch.Name} {patch.Version} is in quarantine: {harm}; {notes[^1]}");
        }
        host.State.Save(state);
        FaultPoint.Reached($"{verb}.cleared");
        return harm is null
            ? new HostOutcome { Result = HostResult.Done, Message = $"{string.Join(", ", names)}: applied, and healthy" }
            : new HostOutcome
            {
                Result = HostResult.Unhealthy,
                Message = $"{harm}; {string.Join("; ", notes)}, and will not be loaded again",
                Advice = $"look at the journal; when it was not the patch: suture apply {names[0]} --again",
                Patch = names[0],
            };
    }

    private static HostOutcome Of(LivepatchOutcome outcome, InstalledPatch patch, OpenedModule module) => new()
    {
        Result = outcome.Status switch { LivepatchStatus.Refused => HostResult.Refused, LivepatchStatus.Stalled => HostResult.Stalled, _ => HostResult.Failed },
        Kind = outcome.Status == LivepatchStatus.Refused ? RefusalKind.Host : null,
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
        try
        {
            host.State.Save(before);
        }
        catch (IOException e)
        {
            Journal.Warning($"{host.Paths.StateFile} cannot be written: {e.Message}");
        }
        return before;
    }

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
