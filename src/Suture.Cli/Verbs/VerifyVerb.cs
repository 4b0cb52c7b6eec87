using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;
using Suture.Host.Operations;

namespace Suture.Cli.Verbs;

/// <summary>suture verify [NAME] [--json]</summary>
internal static class VerifyVerb
{
    public static Command Create()
    {
        var name = HostOptions.OptionalName("only this patch");
        var json = HostOptions.Json();
        var command = new Command("verify", "check that what is loaded is what was installed") { name, json };
        command.SetAction(parsed =>
        {
            var given = parsed.GetValue(name);
            var comparisons = new Verification(SutureHost.This()).Run(given);
            if (given is not null && comparisons.Count == 0)
            {
                return (int)HostScreen.Show(new HostOutcome
                {
                    Result = HostResult.Refused,
                    Kind = RefusalKind.Host,
                    Message = $"no patch {given} is installed for this kernel",
                    Advice = "give a name that suture list shows",
                }, parsed.GetValue(json));
            }
            var ok = comparisons.All(c => c.Ok);
            if (parsed.GetValue(json))
            {
                Terminal.Json(new VerifyReport(ok, comparisons), HostJson.Default.VerifyReport);
            }
            else
            {
                foreach (var c in comparisons)
                {
                    Console.Out.WriteLine($"{(c.Ok ? "OK  " : "FAIL")} {c.Patch} {c.Check}: {c.Detail}");
                }
            }
            return (int)(comparisons.Count == 0 ? ExitCode.Nothing : ok ? ExitCode.Done : ExitCode.VerificationFailed);
        });
        return command;
    }
}
