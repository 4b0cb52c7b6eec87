using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;

namespace Suture.Cli.Verbs;

/// <summary>suture history [NAME] [--limit N] [--json]</summary>
internal static class HistoryVerb
{
    public static Command Create()
    {
        var name = HostOptions.OptionalName("only what concerns this patch");
        var limit = new Option<int>("--limit") { Description = "the last so many", HelpName = "N", DefaultValueFactory = _ => 50 };
        var json = HostOptions.Json();
        var command = new Command("history", "who changed what on this host, when, and how it ended") { name, limit, json };
        command.SetAction(parsed =>
        {
            var operations = SutureHost.This().History.Operations()
                .Where(l => parsed.GetValue(name) is not { } wanted || l.Patch == wanted || $"suture_{l.Patch}" == wanted)
                .TakeLast(Math.Max(parsed.GetValue(limit), 0)).ToList();
            if (parsed.GetValue(json))
            {
                Terminal.Json(new HistoryReport(operations), HostJson.Default.HistoryReport);
            }
            else
            {
                HostScreen.Show(operations);
            }
            return (int)ExitCode.Done;
        });
        return command;
    }
}
