using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;
using Suture.Host.Agent;
using Suture.Host.Operations;

namespace Suture.Cli.Verbs;

/// <summary>suture status [--json]</summary>
internal static class StatusVerb
{
    public static Command Create()
    {
        var json = HostOptions.Json();
        var command = new Command("status", "how this host stands; the exit code says it too: 0, 11 to 14") { json };
        command.SetAction(parsed =>
        {
            var host = SutureHost.This();
            var status = HostStatus.Read(host);
            if (parsed.GetValue(json))
            {
                Terminal.Json(new StatusReport(Words.Of(status.Condition), new KernelReport(host.Running.Release, host.Running.BuildId, host.Running.Version),
                    [.. status.Patches.Select(PatchReport.From)], status.Foreign, status.Warnings,
                    [.. status.Blockers.Select(b => BlockerReport.From(b, status.Targets))]), HostJson.Default.StatusReport);
            }
            else
            {
                HostScreen.Show(host, status);
            }
            return Metrics.Code(status.Condition);
        });
        return command;
    }
}
