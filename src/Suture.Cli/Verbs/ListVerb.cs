using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;
using Suture.Host.Operations;
using Suture.Host.State;

namespace Suture.Cli.Verbs;

/// <summary>suture list [--all] [--json]</summary>
internal static class ListVerb
{
    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "patches for every kernel, not only for the one that runs" };
        var json = HostOptions.Json();
        var command = new Command("list", "the patches installed on this host") { all, json };
        command.SetAction(parsed =>
        {
            var host = SutureHost.This();
            var here = HostStatus.Read(host).Patches;
            var others = !parsed.GetValue(all) ? []
                : host.State.Load().State.Patches.Where(p => p.Release != host.Running.Release).Select(p => (p, p.Quarantine is null ? Word(p.Wish) : "quarantined")).ToList();
            if (parsed.GetValue(json))
            {
                Terminal.Json(new ListReport(host.Running.Release, [.. here.Select(PatchReport.From), .. others.Select(o => PatchReport.From(o.p, o.Item2, ""))]), HostJson.Default.ListReport);
            }
            else if (others.Count > 0)
            {
                HostScreen.Show([.. here.Select(p => (p.Patch, Words.Of(p.Condition))), .. others], withRelease: true);
            }
            else
            {
                HostScreen.Show(here);
            }
            return (int)ExitCode.Done;
        });
        return command;
    }

    /// <summary>Of a patch for a kernel that does not run: what would be, if it did.</summary>
    private static string Word(PatchWish wish) => wish == PatchWish.Applied ? "wanted" : wish.ToString().ToLowerInvariant();
}
