using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;
using Suture.Host.Operations;

namespace Suture.Cli.Verbs;

/// <summary>suture apply FILE|NAME [--timeout SECONDS] [--watch SECONDS] [--again] [--dry-run] [--json]</summary>
internal static class ApplyVerb
{
    public static Command Create()
    {
        var patch = new Argument<string>("FILE.ko|NAME") { Description = "a livepatch module, or the name of one that is installed" };
        var timeout = HostOptions.Seconds("--timeout", "how long the transition may take before it is turned round (default: transition_timeout of suture.conf, 60)", 1);
        var watch = HostOptions.Seconds("--watch", "how long to watch the host's health afterwards (default: watch of suture.conf, 30)", 0);
        var again = new Option<bool>("--again") { Description = "also when the patch is in quarantine" };
        var dryRun = new Option<bool>("--dry-run") { Description = "make all checks, change nothing" };
        var json = HostOptions.Json();
        var command = new Command("apply", "apply a livepatch to this host") { patch, timeout, watch, again, dryRun, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            HostOutcome outcome;
            using (var line = Terminal.Progress())
            {
                outcome = await new ApplyOperation(SutureHost.This(), new ApplyOptions
                {
                    Timeout = HostOptions.Value(parsed, timeout),
                    Watch = HostOptions.Value(parsed, watch),
                    Again = parsed.GetValue(again),
                    DryRun = parsed.GetValue(dryRun),
                }, new HostProgressLine(line)).RunAsync(parsed.GetRequiredValue(patch), cancellation);
            }
            return (int)HostScreen.Show(outcome, parsed.GetValue(json));
        });
        return command;
    }
}
