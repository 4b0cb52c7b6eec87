using System.CommandLine;
using System.Text.RegularExpressions;
using Suture.CatchUp;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.CatchUp.Reporting;
using Suture.Cli.Reports;
using Suture.Kernel;
using Suture.Lab;
using Suture.Module;

namespace Suture.Cli.Verbs;

/// <summary>suture catch-up --kernel RELEASE|running|DIR (--to VERSION | --to-tree DIR | --git REPO RANGE | --mbox FILE) [--only PATH]... [--accept FILE] [--name N] [--patch-version V] [--no-lab] [-o DIR] [--json]</summary>
internal static partial class CatchUpVerb
{
    /// <summary>Dozens of modules are loaded and hundreds of functions looked at, on an emulated CPU.</summary>
    private static readonly TimeSpan LabLimit = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan TransitionLimit = TimeSpan.FromMinutes(1);

    public static Command Create()
    {
        var kernel = new Option<string>("--kernel") { Description = "kernel that runs: a release, 'running', or a kernel directory", HelpName = "RELEASE|running|DIR", Required = true };
        var to = new Option<string?>("--to") { Description = "version of the distribution's kernel to catch up with", HelpName = "VERSION" };
        var tree = new Option<DirectoryInfo>("--to-tree") { Description = "directory with the later source", HelpName = "DIR" };
        tree.AcceptExistingOnly();
        var git = new Option<string[]>("--git") { Description = "repository and range of commits", HelpName = "REPO RANGE", Arity = new ArgumentArity(2, 2), AllowMultipleArgumentsPerToken = true };
        var mbox = new Option<FileInfo>("--mbox") { Description = "mailbox of commits, as git format-patch --stdout writes it", HelpName = "FILE" };
        mbox.AcceptExistingOnly();
        var only = new Option<string[]>("--only") { Description = "only changes of files whose path begins so (may be repeated)", HelpName = "PATH" };
        var accept = new Option<FileInfo>("--accept") { Description = "file of findings that the operator takes responsibility for", HelpName = "FILE" };
        accept.AcceptExistingOnly();
        var name = new Option<string>("--name") { Description = "name of the livepatch (default: catch_up)", HelpName = "N", DefaultValueFactory = _ => "catch_up" };
        name.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } given && !NamePattern().IsMatch(given))
            {
                result.AddError($"--name '{given}': use 1 to 48 of a-z, 0-9 and _");
            }
        });
        var version = new Option<string>("--patch-version") { Description = "version of the livepatch (default: 1)", HelpName = "V", DefaultValueFactory = _ => "1" };
        version.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } given && !NoteRules.IsVersion(given))
            {
                result.AddError($"--patch-version '{given}': use 1 to {NoteRules.MaxVersion} letters, digits and . _ + ~ : -, the first a letter or digit");
            }
        });
        var output = new Option<DirectoryInfo>("--output", "-o") { Description = "directory for module and report (default: here)", HelpName = "DIR", DefaultValueFactory = _ => new DirectoryInfo(".") };
        var noLab = new Option<bool>("--no-lab") { Description = "do not try the livepatch in the lab" };
        var json = new Option<bool>("--json") { Description = "print one JSON document" };
        var command = new Command("catch-up", "carry a later kernel's fixes over to the one that runs, as one livepatch") { kernel, to, tree, git, mbox, only, accept, name, version, noLab, output, json };
        command.Validators.Add(result =>
        {
            bool[] given = [result.GetValue(to) is not null, result.GetValue(tree) is not null, result.GetValue(git) is { Length: > 0 }, result.GetValue(mbox) is not null];
            if (given.Count(g => g) != 1)
            {
                result.AddError("give one of --to, --to-tree, --git and --mbox");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            CatchUpResult result;
            var directory = parsed.GetRequiredValue(output).ToString();
            CatchUpReport report;
            KernelBuild target;
            SourceDifference difference;
            var accepted = parsed.GetValue(accept) is { } file ? AcceptFile.Read(file.ToString()) : AcceptFile.Empty;
            using (var progress = Terminal.Progress())
            {
                target = await KernelArgument.ResolveAsync(parsed.GetRequiredValue(kernel), progress, cancellation);
                difference = parsed.GetValue(to) is { } later ? await TreeDifference.ToVersionAsync(target, KernelCache.Default.Layout, later, progress, cancellation)
                    : parsed.GetValue(tree) is { } source ? await TreeDifference.ToTreeAsync(target, source.FullName, progress, cancellation)
                    : parsed.GetValue(mbox) is { } mails ? MailDifference.FromMailbox(mails.ToString(), File.ReadAllBytes(mails.FullName))
                    : await MailDifference.FromGitAsync(parsed.GetValue(git)![0], parsed.GetValue(git)![1], cancellation);
            }
            var wanted = OnlyPaths.Normalise(parsed.GetValue(only) ?? []);
            if (wanted.FirstOrDefault(o => !OnlyPaths.BeginsChange(o, difference) && !OnlyPaths.BeginsPath(o, target.SourceTree)) is { } slip)
            {
                Terminal.Error($"--only '{slip}': no changed file begins so, nor any other of the kernel's source", "paths begin at the top of the source, as in net/ipv4/");
                return (int)ExitCode.Usage;
            }
            // Before hours of judging, not after them.
            if (difference.Warning is { } doubt)
            {
                Terminal.Warning(doubt);
            }
            using (var progress = Terminal.Progress())
            {
                result = await CatchUpRun.RunAsync(new CatchUpRequest
                {
                    Kernel = target,
                    Difference = difference,
                    Only = wanted,
                    Accepted = accepted,
                    Name = parsed.GetRequiredValue(name),
                    Version = parsed.GetRequiredValue(version),
                }, progress, cancellation);
                var path = Path.Combine(directory, result.ModuleName + ".ko");
                report = result.Report with { Module = result.Module is null ? null : path };
                if (result.Module is { } module)
                {
                    AtomicFile.Write(path, module);
                }
                WriteTo(directory, report);
                if (result.Module is not null && !parsed.GetValue(noLab))
                {
                    progress.Report(new ProgressReport("trying the livepatch in the lab"));
                    report = report with { Lab = await TryAsync(path, target, cancellation) };
                    WriteTo(directory, report);
                }
            }
            foreach (var warning in report.Warnings)
            {
                Terminal.Warning(warning);
            }
            foreach (var line in report.UnusedAccepts)
            {
                Terminal.Warning($"'{line}' in {parsed.GetValue(accept)} accepts nothing that was found");
            }
            if (parsed.GetValue(json))
            {
                using var stdout = Console.OpenStandardOutput();
                await stdout.WriteAsync(report.ToJson(), cancellation);
                await stdout.WriteAsync("\n"u8.ToArray(), cancellation);
            }
            else
            {
                CatchUpSummary.Print(report, Path.Combine(directory, "catch-up.html"));
            }
            return (int)(report.Lab is { Verdict: "failed" } ? ExitCode.LabFailed : result.Module is not null ? ExitCode.Done : report.Totals.Concerning == 0 ? ExitCode.Nothing : ExitCode.Refused);
        });
        return command;
    }

    /// <summary>Writes the report in both forms: before the lab too, whose end may be none.</summary>
    private static void WriteTo(string directory, CatchUpReport report)
    {
        AtomicFile.Write(Path.Combine(directory, "catch-up.json"), report.ToJson());
        AtomicFile.Write(Path.Combine(directory, "catch-up.html"), HtmlPage.Of(report));
    }

    /// <summary>Loads it, takes it back, and again with the patched modules loaded after it. A machine without QEMU can catch up all the same.</summary>
    private static async Task<CatchUpReport.LabPart> TryAsync(string module, KernelBuild kernel, CancellationToken cancellation)
    {
        try
        {
            var request = new LabRequest { Module = Path.GetFullPath(module), Kernel = LabKernel.From(kernel), Timeout = LabLimit, TransitionBound = TransitionLimit };
            var lab = await LabRunner.RunAsync(request, null, cancellation);
            var failed = lab.Stages.FirstOrDefault(s => !s.Ok);
            return new CatchUpReport.LabPart(lab.Verdict == LabVerdict.Passed ? "passed" : "failed",
                lab.Verdict == LabVerdict.Passed ? "" : failed is null ? "the machine ended early" : $"{failed.Name}: {failed.Detail}", lab.TotalMs);
        }
        catch (LabInputException e) when (e.Fault is LabInputFault.Missing or LabInputFault.NoMachine)
        {
            return new CatchUpReport.LabPart("not-tried", $"{e.Message}; {e.Advice}", 0);
        }
    }

    [GeneratedRegex("^[a-z0-9_]{1,48}$")]
    private static partial Regex NamePattern();
}
