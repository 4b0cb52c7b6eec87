using System.CommandLine;
using Suture.Build;
using Suture.Cli.Reports;
using Suture.Kernel;

namespace Suture.Cli.Verbs;

/// <summary>suture match [SOURCE-PREFIX]... --kernel RELEASE|running|DIR [--limit N] [--json]</summary>
internal static class MatchVerb
{
    public static Command Create()
    {
        var prefixes = new Argument<string[]>("SOURCE") { Description = "source files or directories of the kernel tree (default: all of it)", Arity = ArgumentArity.ZeroOrMore };
        var kernel = new Option<string>("--kernel") { Description = "kernel to compare with", HelpName = "RELEASE|running|DIR", Required = true };
        var limit = new Option<int>("--limit") { Description = "compile at most N units, evenly chosen", HelpName = "N", DefaultValueFactory = _ => int.MaxValue };
        var json = new Option<bool>("--json") { Description = "print one JSON document" };
        var command = new Command("match", "compile translation units unpatched and compare every function with the shipped kernel") { prefixes, kernel, limit, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            MatchSurvey.Report report;
            using (var progress = Terminal.Progress())
            {
                var target = await KernelArgument.ResolveAsync(parsed.GetRequiredValue(kernel), progress, cancellation);
                var units = MatchSurvey.Choose(target, parsed.GetValue(prefixes) ?? [], parsed.GetValue(limit));
                report = await MatchSurvey.RunAsync(target, units, progress, cancellation);
            }
            if (parsed.GetValue(json))
            {
                Terminal.Json(MatchReport.From(report), JsonContracts.Default.MatchReport);
            }
            else
            {
                MatchReport.Print(report);
            }
            return (int)(report.Units == 0 ? ExitCode.Nothing
                : report.Exceptions.Count + report.Failed.Count > 0 ? ExitCode.KernelMismatch : ExitCode.Done);
        });
        return command;
    }
}
