using System.Diagnostics;
using Suture.Host.Health;
using Suture.Host.Interfaces;
using Suture.Host.Operations;
using Suture.Host.State;

namespace Suture.Host.Agent;

/// <summary>
/// The service that keeps the installed set true: every interval it settles what was interrupted, applies again what was unloaded behind
/// our back, looks whether objects that were loaded later are patched, and publishes how the host stands. Between two looks it sleeps.
/// What is to be applied may one day come from a server too: that is <see cref="IPatchSource"/>.
/// </summary>
public sealed class HostAgent(SutureHost host, IReadOnlyList<IPatchSource> sources)
{
    /// <summary>A patch that could not be applied again is not tried at every look.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromHours(1);

    /// <summary>Nor is one that something stood in the way of which passes: another command, or a host that is not healthy at the moment.</summary>
    private static readonly TimeSpan RetrySoon = TimeSpan.FromMinutes(10);

    /// <summary>When a patch may be tried again, on a clock that nobody sets.</summary>
    private readonly Dictionary<string, TimeSpan> _notBefore = new(StringComparer.Ordinal);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private int _reapplied;

    /// <summary>What takes its time tells the service manager that it goes on.</summary>
    private KeepAlive Alive { get; } = new();

    /// <summary>Runs until <paramref name="cancel"/>.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await using var metrics = MetricsSocket.Open(host.Paths, () => Metrics.Render(host, _reapplied));
        // A look may take its time: health checks, for one, run without a word between.
        ServiceNotifier.Ready("starting", 3 * host.Settings.AgentInterval + 2 * host.Settings.HealthTimeout + TimeSpan.FromMinutes(3));
        try
        {
            while (true)
            {
                ServiceNotifier.Alive(await LookAndTellAsync(cancel));
                // It now sleeps for a minute: what the look needed goes back to the system.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                OwnMemory.ReleaseProgramPages();
                await Task.Delay(host.Settings.AgentInterval, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            ServiceNotifier.Stopping();
        }
    }

    /// <summary>One look, and how the host stands then. A disk that is full or broken at the moment ends the look, not the service.</summary>
    private async Task<string> LookAndTellAsync(CancellationToken cancel)
    {
        try
        {
            await LookAsync(cancel);
            var status = HostStatus.Read(host);
            if (Metrics.WriteTextfile(host.Settings.TextfileDirectory, Metrics.Render(host, status, _reapplied)) is { } fault)
            {
                Tell(fault);
            }
            return Sentence(status);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell($"this look ended early: {e.Message}");
            return e.Message;
        }
    }

    /// <summary>One look.</summary>
    public async Task LookAsync(CancellationToken cancel)
    {
        if (host.Fitness.Refusal() is { } unfit)
        {
            Tell(unfit.Message);
            return;
        }
        await SettleAsync(cancel);
        foreach (var source in sources)
        {
            await source.FetchAsync(host, cancel);
        }
        // What was to be reverted may have been loaded by hand since: that is its owner's to take off.
        foreach (var unwanted in HostStatus.Read(host).Patches.Where(p => p is { Condition: PatchCondition.Unwanted, Patch.Quarantine: not null }))
        {
            TakeBack(unwanted.Patch, cancel);
        }
        foreach (var missing in HostStatus.Read(host).Patches.Where(p => p.Condition == PatchCondition.Missing && p.Patch.MayLoadAutomatically))
        {
            await ApplyAgainAsync(missing.Patch, cancel);
        }
        foreach (var comparison in new Verification(host).Run(null).Where(c => !c.Ok && c.Check != "kernel"))
        {
            Tell($"{comparison.Patch}: {comparison.Detail}");
        }
    }

    /// <summary>Settles what a killed command left: a transition, a marker, or a patch that nobody watches any more, which is then watched here.</summary>
    private async Task SettleAsync(CancellationToken cancel)
    {
        if (!host.State.Load().State.For(host.Running.Release).Any(IsLeft))
        {
            return;
        }
        using var watch = new HealthWatch(host.Kernel, host.Checks);
        List<InstalledPatch> orphans;
        using (var hold = HostLock.Take(host.Paths, TimeSpan.Zero, cancel))
        {
            if (hold is null)
            {
                return; // someone else is at it
            }
            var left = host.State.Load().State.For(host.Running.Release).Where(p => p.Probation is not null && IsLeft(p)).Select(p => p.Name).ToList();
            var state = new Recovery(host, Alive).Run();
            orphans = [.. state.For(host.Running.Release).Where(p => left.Contains(p.Name) && p.Quarantine is null && host.IsApplied(p))];
            foreach (var orphan in orphans)
            {
                state = state.With(orphan with { Probation = host.NewProbation(atBoot: false) });
            }
            host.State.Save(state);
        }
        if (orphans.Count == 0)
        {
            return;
        }
        var trial = new PatchTrial(host, "agent", host.Settings.TransitionTimeout, Alive);
        var (harm, interrupted) = await trial.WatchAsync(watch, orphans, host.Settings.Watch, "after", _ => Alive.Report(new HostProgress("watching the host's health")), cancel);
        if (interrupted is not null)
        {
            throw new OperationCanceledException(cancel);
        }
        var outcome = trial.Judge(orphans, harm, cancel);
        if (harm is not null && outcome is not null)
        {
            orphans.ForEach(orphan => Record.Note(host, "agent", orphan.Name, orphan.Version, outcome.Word, outcome.Message));
        }
    }

    /// <summary>Whether nobody is at it any more. The agent does one thing at a time: its own marker is one that it could not clear.</summary>
    private bool IsLeft(InstalledPatch patch) => patch.Probation is { } probation ? !host.IsAttended(probation) || host.IsOwn(probation)
        : host.Sysfs.InTransition(patch.Module) == true;

    /// <summary>Goes on with taking back what is applied although it is in quarantine.</summary>
    private void TakeBack(InstalledPatch patch, CancellationToken cancel)
    {
        if (IsTooSoon(patch))
        {
            return;
        }
        _notBefore[patch.Name] = _clock.Elapsed + RetrySoon;
        var outcome = new RevertOperation(host, null, Alive).Run(patch.Name, cancel);
        Journal.Warning($"patch {patch.Name} is in quarantine and applied still; taken back once more: {outcome.Message}");
    }

    private bool IsTooSoon(InstalledPatch patch) => _notBefore.TryGetValue(patch.Name, out var then) && _clock.Elapsed < then;

    private async Task ApplyAgainAsync(InstalledPatch patch, CancellationToken cancel)
    {
        if (IsTooSoon(patch))
        {
            return;
        }
        Journal.Warning($"patch {patch.Name} is to be applied and the kernel does not run it: applying it again");
        var outcome = await new ApplyOperation(host, new ApplyOptions { Verb = "agent" }, Alive).RunAsync(patch.Name, cancel);
        if (outcome.Result == HostResult.Done)
        {
            _reapplied++;
            _notBefore.Remove(patch.Name);
        }
        else
        {
            _notBefore[patch.Name] = _clock.Elapsed + (outcome is { Result: HostResult.Refused, Kind: RefusalKind.Host } ? RetrySoon : RetryAfter);
        }
        Journal.Notice($"{outcome.Message}{(outcome.Advice.Length > 0 ? $"; {outcome.Advice}" : "")}");
    }

    /// <summary>Each thing once, not at every look.</summary>
    private void Tell(string text)
    {
        if (_told.Count < 1000 && _told.Add(text))
        {
            Journal.Warning(text);
        }
    }

    private sealed class KeepAlive : IProgress<HostProgress>
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
        private readonly Stopwatch _since = Stopwatch.StartNew();

        public void Report(HostProgress value)
        {
            if (_since.Elapsed > Interval)
            {
                _since.Restart();
                ServiceNotifier.Alive(value.Stage);
            }
        }
    }

    private static string Sentence(HostStatus status) => $"{status.Condition switch
    {
        HostCondition.UpToDate => "up to date",
        HostCondition.NothingApplied => "nothing applied",
        HostCondition.UpdatePending => "an update is pending",
        HostCondition.Unsupported => "this kernel takes no livepatches",
        _ => "in transition",
    }}: {status.Patches.Count(p => p.Condition == PatchCondition.Applied)} applied";
}

/// <summary>Where patches come from beside the administrator's hand: the seam for a server. A source puts what it has verified into the store, and no more.</summary>
public interface IPatchSource
{
    /// <summary>Fetches what is new for <paramref name="host"/>. Must not throw for a source that cannot be reached.</summary>
    Task FetchAsync(SutureHost host, CancellationToken cancel);
}
