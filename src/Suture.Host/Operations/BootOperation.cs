using Suture.Host.Health;
using Suture.Host.Interfaces;
using Suture.Host.Preflight;
using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>
/// Brings the patches back after a reboot: settle what the last boot left → load each wanted patch, its marker on disk before → tell the
/// service manager → watch → clear the markers. Whatever goes wrong is recorded, and the boot goes on.
/// </summary>
public sealed class BootOperation(SutureHost host)
{
    private static readonly TimeSpan LockBound = TimeSpan.FromSeconds(20);

    /// <summary>Network and logins wait for the service to be ready, and a stalled transition must not keep anybody out: then it goes on beside the boot.</summary>
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    /// <summary>What was done, a line each.</summary>
    public IReadOnlyList<string> Story => _story;

    private readonly List<string> _story = [];

    /// <summary>Runs it. The service is ready before the watch begins.</summary>
    public async Task<HostOutcome> RunAsync(CancellationToken cancel)
    {
        using var watch = new HealthWatch(host.Kernel, host.Checks);
        List<InstalledPatch> loaded;
        using var late = new Timer(_ => ServiceNotifier.Ready("still at it; the boot goes on"), null, LongestDelay, Timeout.InfiniteTimeSpan);
        try
        {
            loaded = Load(watch, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ServiceNotifier.Ready(e.Message);
            return new HostOutcome { Result = HostResult.Failed, Message = e.Message, Advice = $"is {host.Paths.State} in order? then: suture apply NAME" };
        }
        ServiceNotifier.Ready(_story.Count > 0 ? string.Join("; ", _story) : "nothing to apply");
        if (loaded.Count == 0)
        {
            return new HostOutcome { Result = HostResult.Nothing, Message = _story.Count > 0 ? string.Join("; ", _story) : "nothing to apply" };
        }
        var trial = new PatchTrial(host, "boot", host.Settings.TransitionTimeout, null);
        var (harm, interrupted) = await trial.WatchAsync(watch, loaded, host.Settings.BootWatch, "boot", null, cancel);
        if (interrupted is not null)
        {
            return new HostOutcome { Result = HostResult.Done, Message = interrupted };
        }
        FaultPoint.Reached("boot.watched");
        var outcome = trial.Judge(loaded, harm, cancel);
        if (harm is not null && outcome is not null)
        {
            loaded.ForEach(patch => Record.Note(host, "boot", patch.Name, patch.Version, outcome.Word, outcome.Message));
        }
        return outcome ?? new HostOutcome { Result = HostResult.Done, Message = "changed by another command meanwhile" };
    }

    private List<InstalledPatch> Load(HealthWatch watch, CancellationToken cancel)
    {
        var loaded = new List<InstalledPatch>();
        if (host.Fitness.Refusal() is { } unfit)
        {
            _story.Add(unfit.Message);
            return loaded;
        }
        using var hold = HostLock.Take(host.Paths, LockBound, cancel);
        if (hold is null)
        {
            _story.Add(ApplyOperation.Busy().Message);
            return loaded;
        }
        var recovery = new Recovery(host);
        var state = recovery.Run();
        _story.AddRange(recovery.Notes);
        watch.HarmBefore();
        foreach (var patch in state.For(host.Running.Release).Where(p => p.MayLoadAutomatically && !host.Sysfs.Exists(p.Module)).ToList())
        {
            if (cancel.IsCancellationRequested)
            {
                _story.Add($"{patch.Name} is not applied: the machine goes down");
                continue;
            }
            try
            {
                var outcome = LoadOne(ref state, patch, cancel);
                _story.Add(outcome.Message);
                if (outcome.Result == HostResult.Done)
                {
                    loaded.Add(patch);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Those before it are in the kernel, and are to be watched.
                _story.Add($"{patch.Name} is not applied: {e.Message}");
                Journal.Error(_story[^1]);
            }
        }
        return loaded;
    }

    private HostOutcome LoadOne(ref HostState state, InstalledPatch patch, CancellationToken cancel)
    {
        var (module, refusal) = OpenedModule.OpenInstalled(host, patch);
        using (module)
        {
            refusal ??= new PatchChecks(host, state, again: false).Run(module!);
            if (refusal is not null)
            {
                Record.Note(host, "boot", patch.Name, patch.Version, "refused", refusal.Message);
                Journal.Error($"patch {patch.Name} is not applied at boot: {refusal.Message}");
                return HostOutcome.Of(refusal, patch.Name);
            }
            var record = Record.Begin(host, "boot", patch);
            FaultPoint.Reached("boot.begun");
            var outcome = new PatchTrial(host, "boot", host.Settings.TransitionTimeout, null).Run(ref state, patch, module!, cancel);
            record.End(outcome.Word, outcome.Message, outcome.TransitionMs);
            return outcome;
        }
    }
}
