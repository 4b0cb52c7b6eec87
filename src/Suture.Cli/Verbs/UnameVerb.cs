using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;
using Suture.Host.Operations;

namespace Suture.Cli.Verbs;

/// <summary>suture uname [-r] [--json]</summary>
internal static class UnameVerb
{
    public static Command Create()
    {
        var short_ = new Option<bool>("-r") { Description = "only the effective version" };
        var json = HostOptions.Json();
        var command = new Command("uname", "the effective version: what runs, and which later fixes are in it") { short_, json };
        command.SetAction(parsed =>
        {
            var host = SutureHost.This();
            var version = EffectiveVersion.Of(host);
            if (parsed.GetValue(json))
            {
                Terminal.Json(new UnameReport(host.Running.Release, version.Base, version.Effective, version.Fixes, version.Cves), HostJson.Default.UnameReport);
            }
            else if (parsed.GetValue(short_))
            {
                Console.Out.WriteLine(version.Effective);
            }
            else
            {
                Console.Out.WriteLine($"{host.Running.Release} {version.Effective}");
                foreach (var fix in version.Fixes)
                {
                    Console.Out.WriteLine($"  {fix}");
                }
            }
            return (int)ExitCode.Done;
        });
        return command;
    }
}
