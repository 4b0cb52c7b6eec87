using Suture.Host.Interfaces;
using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>Takes a patch back: forget the wish → disable → transition → unload. Never again after a reboot, whatever happens on the way.</summary>
public sealed class RevertOperation(SutureHost host, TimeSpan? timeout, IProgress<HostProgress>? progress = null)
{
    private static readonly TimeSpan LockBound = TimeSpan.FromSeconds(30);
    private readonly ShownProgress _progress = new(progress);

    /// <summary>Takes back the patch <paramref name="given"/>, or else the one that was applied last.</summary>
    public HostOutcome Run(string? given, CancellationToken cancel)
    {
        try
        {
            using var hold = HostLock.Take(host.Paths, LockBound, cancel);
            if (hold is null)
            {
                return HostOutcome.Of(ApplyOperation.Busy());
            }
            var recovery = new Recovery(host);
            var state = Settle(recovery);
            var installed = state.For(host.Running.Release).ToList();
            var patch = given is null ? installed.FindLast(p => host.Sysfs.Exists(p.Module)) : installed.Find(p => p.IsNamed(given)) ?? Unlisted(given);
            var outcome = Run(state, patch, given, cancel);
            return outcome with { Notes = [.. recovery.Notes, .. outcome.Notes] };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new HostOutcome { Result = HostResult.Failed, Message = e.Message, Advice = $"is there room and permission below {host.Paths.State}? run suture status" };
        }
    }

    /// <summary>What cannot be written must not keep a patch in the kernel: it may be what broke the disk.</summary>
    private HostState Settle(Recovery recovery)
    {
        try
        {
            return recovery.Run();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Load();
        }
    }

    private HostState Load()
    {
        try
        {
            return host.State.Load().State;
        }
        catch (IOException e)
        {
            Journal.Warning($"the state cannot be read: {e.Message}");
            return new HostState();
        }
    }

    private static bool IsListed(HostState state, InstalledPatch patch) => state.For(patch.Release).Any(p => p.Name == patch.Name);

    /// <summary>A livepatch of ours in the kernel that the state does not know: it was lost, or cannot be read.</summary>
    private InstalledPatch? Unlisted(string given)
    {
        var module = given.StartsWith("suture_", StringComparison.Ordinal) ? given : "suture_" + given;
        return module.Contains('/') || !host.Sysfs.Exists(module) ? null
            : new InstalledPatch { Release = host.Running.Release, Name = module["suture_".Length..], Module = module, Version = "?", Sha256 = "", Wish = PatchWish.Applied };
    }

    private HostOutcome Run(HostState state, InstalledPatch? patch, string? given, CancellationToken cancel)
    {
        if (patch is null)
        {
            return given is null
                ? new HostOutcome { Result = HostResult.Nothing, Message = "no patch is applied" }
                : HostOutcome.Of(new Refusal(RefusalKind.Host, $"no patch {given} is installed for kernel {host.Running.Release}", "give a name that suture list shows"));
        }
        var isThere = host.Sysfs.Exists(patch.Module);
        if (!isThere && patch.Wish != PatchWish.Applied)
        {
            return new HostOutcome { Result = HostResult.Nothing, Message = $"{patch.Name} is not applied", Patch = patch.Name };
        }
        Record? record = null;
        string? unwritten = null;
        try
        {
            record = Record.Begin(host, "revert", patch);
            FaultPoint.Reached("revert.begun");
            // The wish goes first: a reboot in the middle must not bring back what was to go.
            if (IsListed(state, patch))
            {
                host.State.Save(state.WithReverted(patch));
            }
            FaultPoint.Reached("revert.unwanted");
        }
        catch (Exception e) when (isThere && e is IOException or UnauthorizedAccessException)
        {
            unwritten = $"that could not be written down ({e.Message}): the next boot may apply it again";
        }
        var outcome = isThere ? TakeBack(state, patch, cancel) : Done(patch, 0);
        if (unwritten is not null)
        {
            Journal.Warning($"{outcome.Message}; {unwritten}");
            outcome = outcome with { Message = $"{outcome.Message}; {unwritten}", Advice = $"make room below {host.Paths.State}, then once more: suture revert {patch.Name}" };
        }
        record?.End(outcome.Word, outcome.Message, outcome.TransitionMs);
        FaultPoint.Reached("revert.finished");
        return outcome;
    }

    private HostOutcome TakeBack(HostState state, InstalledPatch patch, CancellationToken cancel)
    {
        var loader = host.Loader(timeout ?? host.Settings.TransitionTimeout);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var disabled = loader.Disable(patch.Module, left => _progress.Report(new HostProgress("transition back", left, "tasks")), cancel);
        FaultPoint.Reached("revert.disabled");
        if (!disabled.Ok)
        {
            // Where it is still applied, it is still wanted: the state says what is.
            if (host.Sysfs.Enabled(patch.Module) == true && IsListed(state, patch))
            {
                host.State.TrySave(state.With(patch));
            }
            return new HostOutcome
            {
                Result = disabled.Status switch { LivepatchStatus.Stalled => HostResult.Stalled, LivepatchStatus.Stuck => HostResult.Failed, _ => HostResult.Refused },
                Kind = disabled.Status == LivepatchStatus.Refused ? RefusalKind.Host : null,
                Message = disabled.Detail,
                Advice = "wake or end the tasks that are named, then try again",
                Patch = patch.Name,
                Blockers = disabled.Blockers,
                Targets = [.. host.Sysfs.Functions(patch.Module).Select(f => f.Name)],
            };
        }
        var transition = clock.ElapsedMilliseconds;
        var unloaded = loader.Unload(patch.Module);
        FaultPoint.Reached("revert.unloaded");
        return unloaded.Ok ? Done(patch, transition) : Done(patch, transition) with { Notes = [$"its module stays in memory, unused: {unloaded.Detail}"] };
    }

    private static HostOutcome Done(InstalledPatch patch, long transition) => new()
    {
        Result = HostResult.Done,
        Message = $"{patch.Name} is taken back",
        Patch = patch.Name,
        TransitionMs = transition,
    };
}
