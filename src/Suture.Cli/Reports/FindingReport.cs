using Spectre.Console;
using Suture.Diff.Findings;

namespace Suture.Cli.Reports;

/// <summary>A finding as JSON and as a compiler would print it.</summary>
internal sealed record FindingReport(
    string Code, string Severity, string? File, int? Line, string? Symbol, string Message, string Advice)
{
    public static FindingReport From(Finding finding) => new(
        finding.Code, finding.Severity.ToString().ToLowerInvariant(), finding.File, finding.Line > 0 ? finding.Line : null,
        finding.Symbol, finding.Message, finding.Advice);

    /// <summary>Prints findings to stderr, errors first.</summary>
    public static void Print(IEnumerable<Finding> findings)
    {
        foreach (var finding in findings.OrderByDescending(f => f.Severity))
        {
            Terminal.Finding(finding);
        }
    }
}
