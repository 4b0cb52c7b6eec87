using System.Diagnostics;
using Suture.Lab.Guest;
using Suture.Lab.Machine;
using Suture.Lab.Protocol;

namespace Suture.Lab;

/// <summary>One boot of the lab's machine: write the initramfs → start QEMU → follow the guest through its trials → read the kernel's log.</summary>
internal static class LabBoot
{
    /// <summary>What a serial line and a loaded host may add to a bound that the guest itself keeps.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ConsoleEnd = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ConsoleCheck = TimeSpan.FromSeconds(1);

    /// <summary>Console lines that are told of a machine that did not come up.</summary>
    private const int LastWords = 20;

    /// <summary>Boots; what happens goes to <paramref name="trial"/>, the result is the serial console. The machine is gone afterwards.</summary>
    /// <exception cref="LabInputException">No trial was begun: QEMU did not start, or the kernel did not come up.</exception>
    public static async Task<string> RunAsync(BootRequest request, Acceleration acceleration, TrialLog trial, CancellationToken cancel)
    {
        var directory = Directory.CreateTempSubdirectory("suture-lab-").FullName;
        try
        {
            var initramfs = Path.Combine(directory, "initramfs.cpio");
            var console = new ConsoleLog(Path.Combine(directory, "console.log"));
            await Initramfs.WriteAsync(initramfs, request, cancel);
            var arguments = QemuCommand.Boot(acceleration.Kvm, request.Kernel.VmlinuzPath, initramfs, console.Path);
            await using (var machine = VirtualMachine.Start(arguments, request.Timeout + Slack))
            {
                trial.Processors = () => machine.ProcessorTime;
                await FollowAsync(machine, console, trial, acceleration, request, cancel);
            }
            MustHaveBegun(trial, console.Read(), request.Kernel.Release);
            return console.Read();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>A machine that never came as far as the livepatch is no verdict on it.</summary>
    internal static void MustHaveBegun(TrialLog trial, string console, string release)
    {
        if (trial.Current >= 0)
        {
            return;
        }
        foreach (var line in console.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(LastWords))
        {
            trial.Note($"console: {line.TrimEnd()}");
        }
        throw new LabInputException(LabInputFault.NoMachine,
            $"no trial was begun, kernel {release} did not come up in the lab's machine: {trial.Stages.LastOrDefault(s => !s.Ok)?.Detail ?? "it stopped without a word"}",
            "this says nothing about the livepatch: free memory and processors of this host and try again, or take another --accel");
    }

    /// <summary>Takes the guest's events until its plan is carried out, or QEMU ends, or a bound is reached.</summary>
    private static async Task FollowAsync(
        VirtualMachine machine, ConsoleLog console, TrialLog trial, Acceleration acceleration, BootRequest request, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var booted = false;
        trial.Begin("boot");
        var timeout = request.Timeout;
        var bootBound = acceleration.BootBound * request.Patience;
        var deadline = bootBound < timeout ? bootBound : timeout;
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
                    Ended.Exited => await machine.LastErrorsAsync() is { Length: > 0 } errors ? $"QEMU ended: {errors}" : "the machine stopped: a panic, an oops or a reset; see the kernel log",
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
            deadline = clock.Elapsed + TimeSpan.FromMilliseconds(trial.Open?.BoundMs ?? 0) + Slack * request.Patience;
            deadline = deadline < timeout ? deadline : timeout;
        }
        for (var end = clock.Elapsed + Slack; !console.Read().Contains(GuestPlan.LogEnd, StringComparison.Ordinal); await Task.Delay(ConsoleEnd, cancel))
        {
            if (clock.Elapsed > end)
            {
                trial.Add(new LabStage("guest", false, 0, "the end of the kernel log did not come out of the machine: it cannot be judged"));
                return;
            }
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
}
