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
    private readonly GuestPlan _plan;
    private readonly EventPort _port;
    private readonly LivepatchLoader _loader;
    private readonly TransitionBounds _bounds;
    private string _order = "";
    private int _cycle;
    private bool _failed;

    public Trial(GuestPlan plan, EventPort port)
    {
        _plan = plan;
        _port = port;
        var bound = TimeSpan.FromMilliseconds(plan.TransitionBoundMs);
        _bounds = new TransitionBounds(bound, bound, TimeSpan.FromMilliseconds(20));
        _loader = LivepatchLoader.ForThisHost(_bounds);
    }

    public void Run()
    {
        for (_cycle = 1; _cycle <= _plan.Cycles && !_failed; _cycle++)
        {
            _order = "target-first";
            TargetFirst();
            if (_plan.Targets.Count > 0 && !_failed)
            {
                _order = "patch-first";
                PatchFirst();
            }
        }
    }

    private void TargetFirst()
    {
        var loaded = LoadTargets();
        ProbeMust("probe-before", succeed: false);
        ApplyAndTakeBack(loadTargetsBetween: false);
        UnloadTargets(loaded);
    }

    private void PatchFirst() => ApplyAndTakeBack(loadTargetsBetween: true);

    private void ApplyAndTakeBack(bool loadTargetsBetween)
    {
        Kernel("apply", 2, () => _loader.Apply(_plan.Patch.File, _plan.Patch.Name));
        var loaded = loadTargetsBetween ? LoadTargets() : [];
        ProbeMust("probe-applied", succeed: true);
        Kernel("revert", 2, () => _loader.Disable(_plan.Patch.Name));
        ProbeMust("probe-reverted", succeed: false);
        Kernel("unload", 1, () => _loader.Unload(_plan.Patch.Name));
        UnloadTargets(loaded);
    }

    private List<GuestModule> LoadTargets()
    {
        var loaded = new List<GuestModule>();
        if (_plan.Targets.Count > 0)
        {
            Kernel("load-targets", 1, () =>
            {
                foreach (var module in _plan.Targets)
                {
                    var outcome = _loader.LoadPlain(module.File, module.Name);
                    if (outcome.Ok)
                    {
                        loaded.Add(module);
                    }
                    else if (module.Required)
                    {
                        return outcome;
                    }
                }
                return new LivepatchOutcome(LivepatchStatus.Done, string.Join(", ", loaded.Select(m => m.Name)), []);
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
            var kept = loaded.AsEnumerable().Reverse().Where(m => syscalls.Unload(m.Name) != 0).Select(m => m.Name).ToList();
            return (true, kept.Count == 0 ? "unloaded" : $"still in use, kept: {string.Join(", ", kept)}");
        });
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
        var stage = new GuestEvent { Kind = GuestEventKind.Begin, Name = name, Order = _order, Cycle = _cycle };
        _port.Send(stage with { BoundMs = (long)bound.TotalMilliseconds });
        var clock = Stopwatch.StartNew();
        var (ok, detail) = act();
        _failed |= !ok && stopOnFailure;
        _port.Send(stage with { Kind = GuestEventKind.Stage, Ok = ok, Ms = clock.ElapsedMilliseconds, Detail = detail });
    }
}
