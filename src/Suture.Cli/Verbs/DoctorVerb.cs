using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;
using Suture.Host.Preflight;

namespace Suture.Cli.Verbs;

/// <summary>suture doctor [--json]</summary>
internal static class DoctorVerb
{
    public static Command Create()
    {
        var json = HostOptions.Json();
        var command = new Command("doctor", "is this host fit for live patching?") { json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var checks = await new Diagnosis(SutureHost.This()).RunAsync(cancellation);
            var worst = checks.Max(c => c.Grade);
            if (parsed.GetValue(json))
            {
                Terminal.Json(new DoctorReport(Words.Of(worst), [.. checks.Select(DoctorCheckReport.From)]), HostJson.Default.DoctorReport);
            }
            else
            {
                HostScreen.Show(checks);
            }
            return (int)(worst == FitnessGrade.Fail ? ExitCode.HostRefused : ExitCode.Done);
        });
        return command;
    }
}
