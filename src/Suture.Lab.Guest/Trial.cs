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

    private readonly GuestPlan _plan;
    private readonly int _number;
    private readonly GuestTrial _trial;
    private readonly EventPort _port;
    private readonly Workload? _workload;
    private readonly LivepatchLoader _loader;
    private readonly TransitionBounds _bounds;
    private readonly TargetModules _targets;
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
        _targets = new TargetModules(_trial, _loader, new ModuleSyscalls(), new KernelPaths());
    }

    /// <summary>Runs it; false when a stage failed that leaves the kernel in an unknown state.</summary>
    public bool Run()
    {
        File.WriteAllText("/dev/kmsg", GuestPlan.LogMark(_number) + "\n");
        for (_cycle = 1; _cycle <= _plan.Cycles && !_failed; _cycle++)
        {
            _order = "target-first";
            TargetFirst();
            if (_targets.Any && !_failed)
            {
                _order = "patch-first";
                PatchFirst();
            }
        }
        return !_failed;
    }

    private void TargetFirst()
    {
        LoadTargets([]);
        ReloadTargets("without the livepatch");
        ProbeMust("probe-before", succeed: false);
        CheckRunningCode();
        FinishLoad(StartLoad("before"), "before");
        ApplyUnderLoad();
        FinishLoad(StartLoad("during"), "during");
        TakeBack();
        FinishLoad(StartLoad("after"), "after");
    }

    /// <summary>What has loaded without the livepatch must load with it.</summary>
    private void PatchFirst()
    {
        Apply();
        LoadTargets([.. _targets.Loaded]);
        ReloadTargets("while the livepatch is applied");
        TakeBack();
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
            _targets.LivepatchComes();
            File.WriteAllText("/dev/kmsg", GuestPlan.LivepatchMark(_number) + "\n");
        }
        ApplyReplaced();
        Kernel("apply", 2, () => _loader.Apply(_trial.Patch.File, _trial.Patch.Name));
        UnloadReplaced();
    }

    private void TakeBack()
    {
        ReadMemory(_trial.Patch);
        CheckRunningCode();
        ProbeMust("probe-applied", succeed: true);
        Kernel("revert", 2, () => _loader.Disable(_trial.Patch.Name));
        ProbeMust("probe-reverted", succeed: false);
        Kernel("unload", 1, () => _loader.Unload(_trial.Patch.Name));
        UnloadTargets();
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

    private void LoadTargets(IReadOnlyList<GuestModule> loadable)
    {
        if (_targets.Any)
        {
            Stage("load-targets", _bounds.Transition, stopOnFailure: true, () => _targets.Load(loadable));
        }
    }

    /// <summary>Once is enough: it shows which of them can be unloaded, and whether the livepatch lets them come a second time.</summary>
    private void ReloadTargets(string without)
    {
        if (_targets.Loaded.Count > 0 && _cycle == 1)
        {
            Stage("reload-targets", _bounds.Transition * 2, stopOnFailure: true, () => _targets.Reload(without));
        }
    }

    private void UnloadTargets()
    {
        if (_targets.Loaded.Count > 0)
        {
            Stage("unload-targets", _bounds.Reverse, stopOnFailure: true, _targets.Unload);
        }
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
