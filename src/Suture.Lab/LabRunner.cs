using System.Diagnostics;
using Suture.Lab.Machine;
using Suture.Lab.Memory;

namespace Suture.Lab;

/// <summary>
/// Tries a livepatch on the kernel it is for: check the module → choose how to run → boot and follow the guest's trial
/// (<see cref="LabBoot"/>) → judge. Every step has a bound, and nothing of it outlives the call.
/// </summary>
public static class LabRunner
{
    /// <summary>What an emulated machine may take to look one symbol up.</summary>
    private static readonly TimeSpan LookupBound = TimeSpan.FromMilliseconds(600);

    private const int Loads = 3;
    private const int LoadShare = 2;

    /// <summary>Runs the trial; <paramref name="watcher"/> is told of every step as it happens.</summary>
    /// <exception cref="LabInputException">The module, the probe or this machine is not fit for it; no trial was begun.</exception>
    /// <exception cref="Elf.ElfFormatException">The module is damaged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the machine is gone.</exception>
    public static async Task<LabReport> RunAsync(LabRequest request, IProgress<LabEvent>? watcher = null, CancellationToken cancel = default)
    {
        var clock = Stopwatch.StartNew();
        var patch = CheckModule(request.Module, request.Kernel.Release);
        var before = request.Replaced is { } older ? CheckModule(older, request.Kernel.Release) : null;
        if (before?.Name == patch.Name)
        {
            throw new LabInputException(LabInputFault.Unusable, $"{request.Replaced} and {request.Module} are both called {patch.Name}: a kernel holds one module of a name",
                "build one of them with another --name");
        }
        var code = PatchCode.OpenAll([request.Module], request.Kernel, out var unknown);
        var trial = new TrialLog(watcher) { Code = _ => code.GetValueOrDefault(request.Module) };
        var acceleration = await Acceleration.ChooseAsync(request.Accel, request.Kernel.VmlinuzPath, cancel);
        var notes = unknown.Values.Select(why => $"its code in memory was not compared with what was built, because {why}").ToList();
        notes.ForEach(trial.Note);
        trial.Note($"kernel {request.Kernel.Release}, {acceleration.Name} ({acceleration.Why})");

        // Under load the look-ups share the machine's one processor with it, though it stands back.
        var lookups = (patch.Lookups + (before?.Lookups ?? 0)) * LookupBound * (request.Load is null ? 1 : LoadShare);
        var log = await LabBoot.RunAsync(new BootRequest
        {
            Kernel = request.Kernel,
            Patches = [(request.Module, patch)],
            Code = code,
            Replaced = request.Replaced,
            Probe = request.Probe,
            Cycles = request.Cycles,
            Files = request.Files,
            Workload = request.Workload,
            Load = request.Load,
            LoadTime = request.LoadTime,
            // Each trial loads the livepatch more than once.
            Timeout = request.Timeout + (Loads * request.Cycles * lookups),
            Patience = 1 + (int)(lookups / LabBoot.Slack),
            TransitionBound = request.TransitionBound,
            ProbeBound = request.ProbeBound,
        }, acceleration, trial, cancel);
        return Judge(trial, log, request, patch, acceleration, clock.ElapsedMilliseconds) with { Notes = notes };
    }

    /// <summary>Reads the module file and refuses what would only fail later and less clearly.</summary>
    /// <exception cref="LabInputException">It is no livepatch, or one for another kernel than <paramref name="release"/>.</exception>
    /// <exception cref="Elf.ElfFormatException">It is damaged.</exception>
    public static ModuleFacts CheckModule(string module, string release)
    {
        var patch = ModuleFacts.Read(module);
        if (!patch.IsLivepatch)
        {
            throw new LabInputException(LabInputFault.Unusable, $"{module} is a kernel module, but no livepatch (its .modinfo has no livepatch=Y)",
                "give the lab a module made by suture build");
        }
        return patch.Release == release
            ? patch
            : throw new LabInputException(LabInputFault.WrongKernel, $"{module} was built for kernel {patch.Release}, not for {release}",
                $"use --kernel {patch.Release}, or build the livepatch for {release}");
    }

    private static LabReport Judge(TrialLog trial, string log, LabRequest request, ModuleFacts patch, Acceleration acceleration, long totalMs)
    {
        if (request.Load is not null)
        {
            trial.Add(LoadComparison.Run(trial.Measurements, trial.ProcessorShares));
        }
        var console = new BatchConsole(log);
        var findings = KernelLog.Findings(console.Of(0) ?? log, console.Unpatched);
        trial.Add(new LabStage("kernel-log", findings.Count == 0, 0,
            findings.Count == 0 ? "clean" : $"{findings.Count} lines of trouble, first ({findings[0].Kind}): {findings[0].Line}")
        { UptimeMs = trial.Stages.Count > 0 ? trial.Stages[^1].UptimeMs : 0 });
        return new LabReport
        {
            Verdict = trial.Complete && trial.Stages.All(s => s.Ok) ? LabVerdict.Passed : LabVerdict.Failed,
            Stages = trial.Stages,
            KernelLog = log,
            LogFindings = findings,
            Kernel = request.Kernel.Release,
            Module = patch.Name,
            Accel = acceleration.Name,
            TotalMs = totalMs,
            Workload = trial.Workload,
            Measurements = trial.Measurements,
        };
    }
}
