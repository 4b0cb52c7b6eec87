using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;
using Suture.Host.Operations;

namespace Suture.Cli.Verbs;

/// <summary>suture revert [NAME] [--to NAME] [--timeout SECONDS] [--json]</summary>
internal static class RevertVerb
{
    public static Command Create()
    {
        var name = HostOptions.OptionalName("the patch to take back (default: the one applied last)");
        var to = new Option<string?>("--to") { Description = "go back to this installed cumulative patch, in one transition", HelpName = "NAME" };
        var timeout = HostOptions.Seconds("--timeout", "how long the transition may take before it is turned round (default: transition_timeout of suture.conf, 60)", 1);
        var json = HostOptions.Json();
        var command = new Command("revert", "take a livepatch back from this host") { name, to, timeout, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(name) is not null && result.GetValue(to) is not null)
            {
                result.AddError("give a patch to take back, or --to the one to go back to, not both");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            var host = SutureHost.This();
            HostOutcome outcome;
            using (var line = Terminal.Progress())
            {
                var progress = new HostProgressLine(line);
                outcome = parsed.GetValue(to) is { } older
                    ? await new ApplyOperation(host, new ApplyOptions { Timeout = HostOptions.Value(parsed, timeout), Verb = "revert", BackTo = true }, progress).RunAsync(older, cancellation)
                    : new RevertOperation(host, HostOptions.Value(parsed, timeout), progress).Run(parsed.GetValue(name), cancellation);
            }
            return (int)HostScreen.Show(outcome, parsed.GetValue(json));
        });
        return command;
    }
}
