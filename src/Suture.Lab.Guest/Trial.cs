using System.Diagnostics;
using Suture.Host;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>
/// The trial of one livepatch, told in its order. With its targets loaded first: flaw there → apply → flaw gone
/// → revert → flaw back → unload. When it patches modules, also with the livepatch first and the modules after it.
/// A stage that leaves the kernel in an unknown state ends the trial; a probe that says the wrong thing does not.
/// </summary>
internal sealed class Trial
{
    private static readonly TimeSpan MemoryBound = TimeSpan.FromSeconds(20);

    /// <summary>The kernel prints hundreds of thousands of symbols, on an emulated CPU.</summary>
    private static readonly TimeSpan RunningCodeBound = TimeSpan.FromSeconds(60);

    /// <summary>What a workload may take to begin and end, beyond the time it was given.</summary>
    private static readonly TimeSpan LoadGrace = TimeSpan.FromSeconds(90);

    private const int UnloadPauses = 20;

    private static readonly TimeSpan UnloadPause = TimeSpan.FromMilliseconds(50);

    private readonly GuestPlan _plan;
    private readonly int _number;
    private readonly GuestTrial _trial;
    private readonly EventPort _port;
    private readonly Workload? _workload;
    private readonly LivepatchLoader _loader;
    private readonly TransitionBounds _bounds;
    private string _order = "";
    private int _cycle;
    private bool _failed;
    private bool _marked;

    public Trial(GuestPlan plan, int number, EventPort port, Workload? workload)
    {
        _plan = plan;
        _number = number;
        _trial = plan.Trials[number];
        _port = port;
        _workload = workload;
        var bound = TimeSpan.FromMilliseconds(plan.TransitionBoundMs);
        _bounds = new TransitionBounds(bound, bound, TimeSpan.FromMilliseconds(20));
        _loader = LivepatchLoader.ForThisHost(_bounds);
    }

    /// <summary>Runs it; false when a stage failed that leaves the kernel in an unknown state.</summary>
    public bool Run()
    {
        File.WriteAllText("/dev/kmsg", GuestPlan.LogMark(_number) + "\n");
        for (_cycle = 1; _cycle <= _plan.Cycles && !_failed; _cycle++)
        {
            _order = "target-first";
            var loadable = TargetFirst();
            if (_trial.Targets.Count > 0 && !_failed)
            {
                _order = "patch-first";
                PatchFirst(loadable);
            }
        }
        return !_failed;
    }

    private List<GuestModule> TargetFirst()
    {
        var loaded = LoadTargets([]);
        ProbeMust("probe-before", succeed: false);
        CheckRunningCode();
        FinishLoad(StartLoad("before"), "before");
        ApplyUnderLoad();
        FinishLoad(StartLoad("during"), "during");
        TakeBack(loaded);
        FinishLoad(StartLoad("after"), "after");
        return loaded;
    }

    private void PatchFirst(List<GuestModule> loadable)
    {
        Apply();
        TakeBack(LoadTargets(loadable));
    }

    /// <summary>What loading takes from the load is no matter of the patched kernel's: this run must do its work, and is not compared.</summary>
    private void ApplyUnderLoad()
    {
        var load = StartLoad("applying");
        Apply();
        FinishLoad(load, "applying", load is { IsRunning: false } ? "the workload ended before the livepatch was applied: give it more seconds" : null);
    }

    /// <summary>Once is enough: the second time round the livepatch is the same.</summary>
    private LoadProgram? StartLoad(string phase) =>
        _plan.Load is { } program && _cycle == 1 && !_failed ? LoadProgram.Start(program, _plan.LoadSeconds, phase, _port) : null;

    private void FinishLoad(LoadProgram? load, string phase, string? fault = null)
    {
        if (load is not null)
        {
            var bound = TimeSpan.FromSeconds(_plan.LoadSeconds) + LoadGrace;
            Stage("workload-" + phase, bound, stopOnFailure: false, () =>
            {
                var (ok, detail) = load.Finish(bound);
                return ok && fault is not null ? (false, fault) : (ok, detail);
            });
        }
    }

    private void Apply()
    {
        if (!_marked && !_failed)
        {
            _marked = true;
            _workload?.LivepatchComes();
            File.WriteAllText("/dev/kmsg", GuestPlan.LivepatchMark(_number) + "\n");
        }
        ApplyReplaced();
        Kernel("apply", 2, () => _loader.Apply(_trial.Patch.File, _trial.Patch.Name));
        UnloadReplaced();
    }

    private void TakeBack(List<GuestModule> loaded)
    {
        ReadMemory(_trial.Patch);
        CheckRunningCode();
        ProbeMust("probe-applied", succeed: true);
        Kernel("revert", 2, () => _loader.Disable(_trial.Patch.Name));
        ProbeMust("probe-reverted", succeed: false);
        Kernel("unload", 1, () => _loader.Unload(_trial.Patch.Name));
        UnloadTargets(loaded);
    }

    /// <summary>
    /// What a host does before it applies a livepatch: is the code in memory what it was built against? It must say so while the
    /// livepatch is applied, too: then the functions call the tracer.
    /// </summary>
    private void CheckRunningCode()
    {
        if (_cycle == 1)
        {
            Stage("running-code", RunningCodeBound, stopOnFailure: false, () => TargetCode.Check(_trial.Patch.File));
        }
    }

    /// <summary>Once is enough for each order: what is applied again is the same.</summary>
    private void ReadMemory(GuestModule patch)
    {
        if (patch.Memory is { } plan && _cycle == 1)
        {
            Stage("memory", MemoryBound, stopOnFailure: false, () => new PatchedMemory(_port).Send(patch.Name, plan));
        }
    }

    /// <summary>The older livepatch that the one under test is to replace; the probe must tell the two apart.</summary>
    private void ApplyReplaced()
    {
        if (_plan.Replaced is { } older)
        {
            Kernel("apply-replaced", 2, () => _loader.Apply(older.File, older.Name));
            ProbeMust("probe-replaced", succeed: false);
        }
    }

    /// <summary>The kernel lets go of it when the transition to the newer one is over; before that it cannot be unloaded.</summary>
    private void UnloadReplaced()
    {
        if (_plan.Replaced is { } older)
        {
            Kernel("unload-replaced", 1, () => _loader.Unload(older.Name));
        }
    }

    /// <summary>Loads the targets; one that is required or among <paramref name="loadable"/> must load.</summary>
    private List<GuestModule> LoadTargets(List<GuestModule> loadable)
    {
        var loaded = new List<GuestModule>();
        if (_trial.Targets.Count > 0)
        {
            Kernel("load-targets", 1, () =>
            {
                var failed = new Dictionary<string, string>(StringComparer.Ordinal);
                foreach (var module in _trial.Targets)
                {
                    // The kernel would complain of each symbol that is missing, and that is no fault of the livepatch.
                    var outcome = module.Needs.FirstOrDefault(failed.ContainsKey) is { } needed
                        ? new LivepatchOutcome(LivepatchStatus.Refused, $"{module.Name} needs {needed}", [])
                        : _loader.LoadPlain(module.File, module.Name);
                    if (outcome.Ok)
                    {
                        loaded.Add(module);
                    }
                    else if (module.Required || loadable.Contains(module))
                    {
                        return outcome;
                    }
                    else
                    {
                        failed.Add(module.Name, outcome.Detail);
                    }
                }
                if (_trial.NeedsOneOf.Count > 0 && !loaded.Exists(m => _trial.NeedsOneOf.Contains(m.Name)))
                {
                    return new LivepatchOutcome(LivepatchStatus.Refused, $"none of the patched modules loads here: {string.Join("; ", failed.Values)}", []);
                }
                var names = string.Join(", ", loaded.Select(m => m.Name));
                return new LivepatchOutcome(LivepatchStatus.Done, failed.Count == 0 ? names : $"{names}; {GuestPlan.NotLoaded}{string.Join("; ", failed.Values)}", []);
            });
        }
        return loaded;
    }

    /// <summary>Unloads what was loaded, last first. Some modules cannot be unloaded by design; that is no fault of the livepatch.</summary>
    private void UnloadTargets(List<GuestModule> loaded)
    {
        if (loaded.Count == 0)
        {
            return;
        }
        var syscalls = new ModuleSyscalls();
        Stage("unload-targets", _bounds.Reverse, stopOnFailure: false, () =>
        {
            var pauses = UnloadPauses;
            var kept = loaded.AsEnumerable().Reverse().Where(m => !Unloads(syscalls, m.Name, ref pauses)).Select(m => m.Name).ToList();
            return (true, kept.Count == 0 ? "unloaded" : $"still in use, kept, so that they are never loaded after the livepatch: {string.Join(", ", kept)}");
        });
    }

    /// <summary>Whether a module can be unloaded. What only just let go of it may hold it for a moment more; all modules together are waited for <paramref name="pauses"/> times.</summary>
    private static bool Unloads(ModuleSyscalls syscalls, string module, ref int pauses)
    {
        while (syscalls.Unload(module) != 0)
        {
            if (pauses-- <= 0)
            {
                return false;
            }
            Thread.Sleep(UnloadPause);
        }
        return true;
    }

    private void ProbeMust(string name, bool succeed)
    {
        if (_plan.Probe is not { } probe)
        {
            return;
        }
        Stage(name, TimeSpan.FromMilliseconds(_plan.ProbeBoundMs), stopOnFailure: false, () =>
        {
            var result = Probe.Run(probe, _plan.ProbeBoundMs, _port);
            var said = result.LastLine.Length > 0 ? $": {result.LastLine}" : "";
            return result.ExitCode switch
            {
                null => (false, $"the probe did not end within {_plan.ProbeBoundMs} ms{said}"),
                0 => (succeed, $"the probe {(succeed ? "succeeds" : "succeeds, but must fail here")}{said}"),
                // 126 and 127 are the shell's "cannot execute" and "not found": no statement on the kernel.
                126 or 127 => (false, $"the probe could not run (exit {result.ExitCode}){said}"),
                var code => (!succeed, $"the probe {(succeed ? "fails, but must succeed here" : "fails")} (exit {code}){said}"),
            };
        });
    }

    private void Kernel(string name, int waits, Func<LivepatchOutcome> act) =>
        Stage(name, _bounds.Transition * waits, stopOnFailure: true, () =>
        {
            var outcome = act();
            return (outcome.Ok, outcome.Detail);
        });

    private void Stage(string name, TimeSpan bound, bool stopOnFailure, Func<(bool Ok, string Detail)> act)
    {
        if (_failed)
        {
            return;
        }
        var stage = new GuestEvent { Kind = GuestEventKind.Begin, Trial = _number, Name = name, Order = _order, Cycle = _cycle };
        _port.Send(stage with { BoundMs = (long)bound.TotalMilliseconds });
        var clock = Stopwatch.StartNew();
        var (ok, detail) = act();
        _failed |= !ok && stopOnFailure;
        _port.Send(stage with { Kind = GuestEventKind.Stage, Ok = ok, Ms = clock.ElapsedMilliseconds, Detail = detail });
    }
}
