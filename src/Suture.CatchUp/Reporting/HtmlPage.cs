using System.Net;
using System.Text;

namespace Suture.CatchUp.Reporting;

/// <summary>The report as one page that needs no other file: totals as a picture, a table of units that can be searched and sorted by eye.</summary>
public static class HtmlPage
{
    /// <summary>Makes the page. Everything that comes from patches is escaped: a commit's title must not run in the reader's browser.</summary>
    public static byte[] Of(CatchUpReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        using var stream = typeof(HtmlPage).Assembly.GetManifestResourceStream("page.html")!;
        using var template = new StreamReader(stream);
        var page = template.ReadToEnd()
            .Replace("@@title@@", Text($"{report.Kernel.Release}: {report.Effective}"), StringComparison.Ordinal)
            .Replace("@@summary@@", Summary(report), StringComparison.Ordinal)
            .Replace("@@picture@@", Picture(report.Totals), StringComparison.Ordinal)
            .Replace("@@cves@@", Cves(report.Cves), StringComparison.Ordinal)
            .Replace("@@rows@@", string.Concat(report.Units.Select(Row)), StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(page);
    }

    private static string Summary(CatchUpReport report) =>
        string.Concat(report.Warnings.Select(w => $"<p class=\"warning\">Warning: {Text(w)}</p>"))
        + $"<p>{Text(report.Kernel.Version ?? report.Kernel.Release)} → {Text(report.To)}{(report.Only.Count > 0 ? $" in {Text(string.Join(", ", report.Only))} alone" : "")}: <b>{report.Totals.Carried} of {report.Totals.Concerning}</b> units that concern this kernel "
        + $"are carried ({report.Totals.CarriedPercent:0.0} %). {report.Totals.NotBuilt} units change nothing that it is built from, {report.Totals.AlreadyThere} it has already, and {report.OtherFiles} other files that differ are new or not built here."
        + $"{(report.Lab is { } lab ? $" In the lab the livepatch {Text(lab.Verdict switch { "passed" => "passed", "failed" => $"failed: {lab.Detail}", _ => $"was not tried: {lab.Detail}" })}." : "")}</p>";

    private static string Picture(CatchUpReport.Counts totals)
    {
        (string Word, int Number)[] parts = [("carried", totals.Carried), ("boot-only", totals.BootOnly), ("waits-for", totals.WaitsFor), ("left-out", totals.LeftOut), ("refused", totals.Refused)];
        var all = Math.Max(1, totals.Concerning);
        var (bar, at) = (new StringBuilder(), 0.0);
        foreach (var (word, number) in parts.Where(p => p.Number > 0))
        {
            var width = 1000.0 * number / all;
            bar.Append(FormattableString.Invariant($"<rect class=\"{word}\" x=\"{at:0.##}\" width=\"{width:0.##}\" height=\"40\"><title>{word}: {number}</title></rect>"));
            at += width;
        }
        var words = string.Join(" ", parts.Select(p => $"<span class=\"key {p.Word}\">{p.Word} {p.Number}</span>"));
        return $"<svg viewBox=\"0 0 1000 40\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{totals.Carried} of {totals.Concerning} units carried\">{bar}</svg><p>{words}</p>";
    }

    private static string Cves(CatchUpReport.CvePart cves) =>
        (cves.Unknown is { } why ? $"<p>CVEs: not known; {Text(why)}.</p>"
            : $"<p>CVEs: {cves.Carried.Count} carried, {cves.NotCarried.Count} not carried, {cves.AlreadyThere.Count} fixed already, {cves.NotOfKernel.Count} of code that this kernel does not have, "
                + $"{cves.Unattributed.Count} that changelog or commits name without saying for sure which changes fix them.</p>")
        + Details("carried", cves.Carried) + Details("not carried", cves.NotCarried) + Details("fixed already", cves.AlreadyThere) + Details("of code that this kernel does not have", cves.NotOfKernel) + Details("unattributed", cves.Unattributed);

    private static string Details(string what, IReadOnlyList<string> cves) =>
        cves.Count == 0 ? "" : $"<details><summary>{what}</summary><p>{Text(string.Join(" ", cves))}</p></details>";

    private static string Row(CatchUpReport.Unit unit) =>
        $"<tr data-state=\"{unit.State}\"><td><span class=\"key {unit.State}\">{unit.State}</span></td><td><b>{Text(unit.Title)}</b>{(unit.Title == unit.Id ? "" : $" <code>{Text(unit.Id)}</code>")}"
        + $"{(unit.Cves.Count > 0 ? $"<br>{Text(string.Join(" ", unit.Cves))}" : "")}</td><td>{Text(unit.Code ?? "")}</td><td>{Text(unit.Reason)}{(unit.Accepted is { } a ? $"<br>accepted: {Text(a)}" : "")}"
        + $"{(unit.AcceptAs.Count > 0 ? $"<br>accept as: {string.Join(", ", unit.AcceptAs.Select(l => $"<code>{Text(l)}</code>"))}" : "")}</td>"
        + $"<td>{Text(string.Join(" ", unit.Files))}</td><td>{Text(string.Join(" ", unit.Functions))}</td></tr>\n";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
