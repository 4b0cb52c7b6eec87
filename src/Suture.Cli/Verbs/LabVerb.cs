using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Suture.Cli.Reports;
using Suture.Kernel;
using Suture.Lab;

namespace Suture.Cli.Verbs;

/// <summary>suture lab run MODULE.ko --kernel RELEASE|DIR [--probe PROGRAM] [--cycles N] [--accel auto|kvm|tcg] [--replaces OLD.ko] [--with-module FILE.ko]... [--file PATH[:GUESTPATH]]... [--workload [FILE]] [--workload-seconds S] [--timeout S] [--json]</summary>
internal static class LabVerb
{
    /// <summary>A workload runs before the livepatch is applied, meanwhile, during and after.</summary>
    private const int WorkloadPhases = 4;

    private static readonly int OneCycle = (int)LabRequest.TimeoutFor(1).TotalSeconds;

    public static Command Create() => new("lab", "try livepatches on a kernel in a virtual machine")
    {
        CreateRun(),
    };

    private static Command CreateRun()
    {
        var module = new Argument<FileInfo>("MODULE.ko") { Description = "livepatch module" }.AcceptExistingOnly();
        var kernel = new Option<string>("--kernel") { Description = "kernel to boot: a release, \"running\", or a directory", HelpName = "RELEASE|DIR", Required = true };
        var probe = new Option<FileInfo>("--probe")
        {
            Description = "script or program that must fail without the livepatch and succeed with it",
            HelpName = "PROGRAM",
        }.AcceptExistingOnly();
        var replaces = new Option<FileInfo>("--replaces")
        {
            Description = "older livepatch to apply first; the probe must fail with it too",
            HelpName = "OLD.ko",
        }.AcceptExistingOnly();
        var withModules = new Option<FileInfo[]>("--with-module")
        {
            Description = "file of a module outside the kernel's tree that the livepatch patches; may be repeated",
            HelpName = "FILE.ko",
        }.AcceptExistingOnly();
        var cycles = Bounded("--cycles", "N", "how often to apply and revert", 1, 1, 1000);
        var accel = new Option<string>("--accel") { Description = "how to run the machine; auto takes KVM when it works", DefaultValueFactory = _ => "auto" };
        accel.AcceptOnlyFromAmong("auto", "kvm", "tcg");
        var files = new Option<string[]>("--file")
        {
            Description = "another file for the guest; beside the probe, in /lab, unless said otherwise",
            HelpName = "PATH[:GUESTPATH]",
        };
        files.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => !File.Exists(ParseFile(t.Value).Source)))
            {
                result.AddError($"--file {token.Value}: there is no such file");
            }
        });
        var workload = new Option<FileInfo>("--workload")
        {
            Description = "run FILE before, during and after, and compare what it measures; without FILE, let a process count all the while",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrOne,
        };
        workload.AcceptExistingOnly();
        var workloadSeconds = Bounded("--workload-seconds", "SECONDS", "how long FILE works each time", 60, 5, 3600);
        var timeout = Bounded("--timeout", "SECONDS", "bound on the whole verdict; more for many cycles unless given", OneCycle, 10, 86400);
        var json = new Option<bool>("--json") { Description = "print one JSON document on stdout" };
        var command = new Command("run", "boot a kernel, apply, probe, revert, judge") { module, kernel, probe, replaces, withModules, cycles, accel, files, workload, workloadSeconds, timeout, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(module).FullName;
            var bare = await KernelAsync(parsed.GetRequiredValue(kernel), path, cancellation);
            var request = new LabRequest
            {
                Module = path,
                Kernel = bare with { Modules = bare.Modules.With((parsed.GetValue(withModules) ?? []).Select(m => m.FullName)) },
                Probe = parsed.GetValue(probe)?.FullName,
                Replaced = parsed.GetValue(replaces)?.FullName,
                Cycles = parsed.GetValue(cycles),
                Accel = Enum.Parse<AccelChoice>(parsed.GetRequiredValue(accel), ignoreCase: true),
                Files = [.. (parsed.GetValue(files) ?? []).Select(ParseFile)],
                Workload = parsed.GetResult(workload) is not null && parsed.GetValue(workload) is null,
                Load = parsed.GetValue(workload)?.FullName,
                LoadTime = TimeSpan.FromSeconds(parsed.GetValue(workloadSeconds)),
                Timeout = (parsed.GetResult(timeout) is { Implicit: false } ? TimeSpan.FromSeconds(parsed.GetValue(timeout)) : LabRequest.TimeoutFor(parsed.GetValue(cycles)))
                    + TimeSpan.FromSeconds(parsed.GetValue(workload) is null ? 0 : WorkloadPhases * parsed.GetValue(workloadSeconds)),
            };
            var report = await LabRunner.RunAsync(request, new LabTranscript(), cancellation);
            if (parsed.GetValue(json))
            {
                Terminal.Json(report, LabJson.Default.LabReport);
            }
            else
            {
                LabTranscript.Print(report);
            }
            return (int)(report.Verdict == LabVerdict.Passed ? ExitCode.Done : ExitCode.LabFailed);
        });
        return command;
    }

    /// <summary>The kernel to boot. A release that the module is not for is refused before anything is fetched for it.</summary>
    private static async Task<LabKernel> KernelAsync(string argument, string module, CancellationToken cancellation)
    {
        var isDirectory = argument.Contains('/') || argument is "." or "..";
        if (isDirectory && LabKernel.FromUnpackedImage(argument) is { } unpacked)
        {
            return unpacked;
        }
        if (!isDirectory && argument != "running")
        {
            LabRunner.CheckModule(module, argument);
        }
        using var progress = Terminal.Progress();
        return LabKernel.From(await KernelArgument.ResolveAsync(argument, progress, cancellation));
    }

    private static LabFile ParseFile(string text)
    {
        var colon = text.LastIndexOf(":/", StringComparison.Ordinal);
        return colon > 0
            ? new LabFile(text[..colon], text[(colon + 1)..])
            : new LabFile(text, $"/lab/{Path.GetFileName(text)}");
    }

    private static Option<int> Bounded(string name, string word, string description, int otherwise, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, HelpName = word, DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                || value < least || value > most))
            {
                result.AddError($"{name} must be {least} to {most}");
            }
        });
        return option;
    }
}
