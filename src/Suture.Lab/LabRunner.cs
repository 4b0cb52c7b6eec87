using System.Diagnostics;
using Suture.Lab.Guest;
using Suture.Lab.Machine;
using Suture.Lab.Protocol;

namespace Suture.Lab;

/// <summary>
/// Tries a livepatch on the kernel it is for: check the module → choose how to run → write the initramfs → boot →
/// follow the guest's trial → read the kernel's log → judge. Every step has a bound, and nothing of it outlives the call.
/// </summary>
public static class LabRunner
{
    /// <summary>What a serial line and a loaded host may add to a bound that the guest itself keeps.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ConsoleCheck = TimeSpan.FromSeconds(1);

    /// <summary>Runs the trial; <paramref name="watcher"/> is told of every step as it happens.</summary>
    /// <exception cref="LabInputException">The module, the probe or this machine is not fit for it; nothing was booted.</exception>
    /// <exception cref="Elf.ElfFormatException">The module is damaged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the machine is gone.</exception>
    public static async Task<LabReport> RunAsync(LabRequest request, IProgress<LabEvent>? watcher = null, CancellationToken cancel = default)
    {
        var clock = Stopwatch.StartNew();
        var patch = CheckModule(request.Module, request.Kernel.Release);
        var trial = new TrialLog(watcher);
        var acceleration = await Acceleration.ChooseAsync(request.Accel, request.Kernel.VmlinuzPath, cancel);
        trial.Note($"kernel {request.Kernel.Release}, {acceleration.Name} ({acceleration.Why})");

        var directory = Directory.CreateTempSubdirectory("suture-lab-").FullName;
        try
        {
            var initramfs = Path.Combine(directory, "initramfs.cpio");
            var console = new ConsoleLog(Path.Combine(directory, "console.log"));
            await Initramfs.WriteAsync(initramfs, request, patch, cancel);
            var arguments = QemuCommand.Boot(acceleration.Kvm, request.Kernel.VmlinuzPath, initramfs, console.Path);
            await using (var machine = VirtualMachine.Start(arguments, request.Timeout + Slack))
            {
                await FollowAsync(machine, console, trial, acceleration, request.Timeout, cancel);
            }
            return Judge(trial, console.Read(), request, patch, acceleration, clock.ElapsedMilliseconds);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
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

    /// <summary>Takes the guest's events until its plan is carried out, or QEMU ends, or a bound is reached.</summary>
    private static async Task FollowAsync(
        VirtualMachine machine, ConsoleLog console, TrialLog trial, Acceleration acceleration, TimeSpan timeout, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var booted = false;
        trial.Begin("boot");
        var deadline = acceleration.BootBound < timeout ? acceleration.BootBound : timeout;
        while (!trial.Complete)
        {
            var stageStart = clock.Elapsed;
            var (ended, value) = await NextAsync(machine, console, clock, deadline, cancel);
            if (value is { Kind: GuestEventKind.Boot })
            {
                booted = true;
                trial.Add(new LabStage("boot", true, clock.ElapsedMilliseconds, $"Linux {value.Detail} on {acceleration.Name}") { UptimeMs = value.UptimeMs });
            }
            else if (value is not null)
            {
                trial.Take(value);
            }
            else
            {
                var name = !booted ? "boot" : trial.Open?.Name ?? "guest";
                trial.Add(new LabStage(name, false, (long)(clock.Elapsed - stageStart).TotalMilliseconds, ended switch
                {
                    Ended.Exited => machine.Errors is { Length: > 0 } errors ? $"QEMU ended: {errors}" : "the machine stopped: a panic, an oops or a reset; see the kernel log",
                    Ended.LogTooLong => $"the console wrote more than {ConsoleLog.MaxBytes >> 20} MiB; the machine was stopped",
                    _ when clock.Elapsed >= timeout => $"the whole verdict is bound to {timeout.TotalSeconds:0} s; the machine was stopped",
                    _ => $"silent for {(clock.Elapsed - stageStart).TotalSeconds:0} s; the machine was stopped",
                })
                { Cycle = trial.Open?.Cycle ?? 0, Order = trial.Open?.Order ?? "" });
                return;
            }
            if (value.Kind == GuestEventKind.Fault)
            {
                return;
            }
            deadline = clock.Elapsed + TimeSpan.FromMilliseconds(trial.Open?.BoundMs ?? 0) + Slack;
            deadline = deadline < timeout ? deadline : timeout;
        }
    }

    private enum Ended { No, Exited, LogTooLong, TimedOut }

    private static async Task<(Ended, GuestEvent?)> NextAsync(
        VirtualMachine machine, ConsoleLog console, Stopwatch clock, TimeSpan deadline, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var next = machine.NextAsync(stop.Token);
        while (true)
        {
            var left = deadline - clock.Elapsed;
            if (left <= TimeSpan.Zero || console.Length > ConsoleLog.MaxBytes)
            {
                await stop.CancelAsync();
                return (left <= TimeSpan.Zero ? Ended.TimedOut : Ended.LogTooLong, null);
            }
            await Task.WhenAny(next, Task.Delay(left < ConsoleCheck ? left : ConsoleCheck, cancel));
            cancel.ThrowIfCancellationRequested();
            if (next.IsCompleted)
            {
                var value = await next;
                return (value is null ? Ended.Exited : Ended.No, value);
            }
        }
    }

    private static LabReport Judge(TrialLog trial, string log, LabRequest request, ModuleFacts patch, Acceleration acceleration, long totalMs)
    {
        var findings = KernelLog.Findings(log);
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
        };
    }
}
