using Suture.Build;

namespace Suture.Cli.Reports;

/// <summary>What <c>suture match --json</c> prints.</summary>
internal sealed record MatchReport(
    int Units, int Functions, int Identical, List<MatchReport.Difference> Differences, List<string> Failed)
{
    internal sealed record Difference(string File, string Function, string Match, string Detail);

    public static MatchReport From(MatchSurvey.Report report) => new(
        report.Units, report.Functions, report.Identical,
        [.. report.Exceptions.Select(e => new Difference(e.Source, e.Function, e.State.ToString().ToLowerInvariant(), e.Detail))],
        [.. report.Failed]);

    public static void Print(MatchSurvey.Report report)
    {
        foreach (var e in report.Exceptions)
        {
            Console.Out.WriteLine($"{e.Source}: {e.Function}: {e.State.ToString().ToLowerInvariant()}: {e.Detail}");
        }
        foreach (var line in report.Failed)
        {
            Console.Out.WriteLine($"does not compile: {line}");
        }
        var share = report.Functions == 0 ? 0 : 100.0 * report.Identical / report.Functions;
        Console.Out.WriteLine($"{report.Identical} of {report.Functions} functions identical ({share:0.00} %) in {report.Units} units");
    }
}
