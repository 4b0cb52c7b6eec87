using System.Globalization;
using Suture.Lab;

namespace Suture.Cli.Reports;

/// <summary>Shows people a lab run: each step on stderr as it happens, the table and the verdict on stdout.</summary>
internal sealed class LabTranscript : IProgress<LabEvent>
{
    /// <summary>Lines of the kernel log's trouble that are shown; the JSON report has the whole log.</summary>
    private const int ShownFindings = 12;

    public void Report(LabEvent value)
    {
        var text = value switch
        {
            { Kind: LabEventKind.Note } => $"lab: {value.Text}",
            { Kind: LabEventKind.ProbeLine } => $"{Uptime(value.Uptime)}   | {value.Text}",
            { Stage: { } stage } => $"{Uptime(value.Uptime)} {(stage.Ok ? "ok  " : "FAIL")} {NameOf(stage)}: {stage.Detail}",
            _ => null,
        };
        if (text is not null)
        {
            Terminal.Note(text);
        }
    }

    public static void Print(LabReport report)
    {
        var width = report.Stages.Max(s => NameOf(s).Length);
        foreach (var stage in report.Stages)
        {
            var ms = stage.Ms.ToString(CultureInfo.InvariantCulture);
            Console.Out.WriteLine($"{(stage.Ok ? "ok  " : "FAIL")}  {NameOf(stage).PadRight(width)}  {ms,6} ms  {stage.Detail}");
        }
        foreach (var finding in report.LogFindings.Take(ShownFindings))
        {
            Console.Out.WriteLine($"kernel log: {finding.Kind}: {finding.Line}");
        }
        foreach (var note in report.Notes)
        {
            Console.Out.WriteLine($"note: {note}");
        }
        var verdict = report.Verdict == LabVerdict.Passed ? "passed" : "failed";
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{verdict}: {report.Module} on {report.Kernel} ({report.Accel}) in {report.TotalMs / 1000.0:0.0} s"));
    }

    private static string NameOf(LabStage stage) =>
        stage.Name + (stage.Order == "patch-first" ? " (patch first)" : "") + (stage.Cycle > 1 ? $" #{stage.Cycle}" : "");

    private static string Uptime(TimeSpan uptime) => string.Create(CultureInfo.InvariantCulture, $"[{uptime.TotalSeconds,7:0.00} s]");
}
