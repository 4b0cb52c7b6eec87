using Spectre.Console;
using Suture.CatchUp.Reporting;

namespace Suture.Cli.Reports;

/// <summary>A catch-up in a screenful: totals, why units are not carried, where the rest stands.</summary>
internal static class CatchUpSummary
{
    private const int MostUnits = 5;

    public static void Print(CatchUpReport report, string page)
    {
        var totals = report.Totals;
        Terminal.Out.WriteLine($"{report.Kernel.Release}: {report.Effective}");
        Terminal.Out.WriteLine();
        var states = new Table().Border(TableBorder.Simple).AddColumns("state", "units");
        foreach (var (word, number) in ((string, int)[])[("carried", totals.Carried), ("refused", totals.Refused), ("waits for another", totals.WaitsFor),
            ("left out", totals.LeftOut), ("boot only", totals.BootOnly), ("not built here", totals.NotBuilt), ("there already", totals.AlreadyThere)])
        {
            states.AddRow(word, $"{number}");
        }
        Terminal.Out.Write(states);
        Terminal.Out.WriteLine($"{totals.CarriedPercent:0.0} % of {totals.Concerning} units that concern this kernel; {report.OtherFiles} other files that differ are new or not built here");
        if (report.Units.Any(u => u.State is "refused" or "left-out" or "waits-for"))
        {
            var why = new Table().Border(TableBorder.Simple).AddColumns("finding", "units", "such as");
            foreach (var group in report.Units.Where(u => u.State is "refused" or "left-out" or "waits-for").GroupBy(u => u.Code ?? u.State).OrderByDescending(g => g.Count()))
            {
                why.AddRow(Markup.Escape(group.Key), $"{group.Count()}", Markup.Escape(string.Join(", ", group.Take(MostUnits).Select(u => u.Title))));
            }
            Terminal.Out.Write(why);
        }
        Terminal.Out.WriteLine(report.Cves.Unknown is { } unknown ? $"CVEs: not known; {unknown}"
            : $"CVEs: {report.Cves.Carried.Count} carried, {report.Cves.NotCarried.Count} not carried, {report.Cves.AlreadyThere.Count} fixed already, {report.Cves.NotOfKernel.Count} of code that this kernel does not have, "
                + $"{report.Cves.Unattributed.Count} that cannot be laid to changes for sure");
        Terminal.Out.WriteLine(report.Module is null ? "no livepatch: nothing can be carried" : $"livepatch: {report.Module}");
        if (report.Lab is { } lab)
        {
            Terminal.Out.WriteLine($"lab: {lab.Verdict}{(lab.Detail.Length > 0 ? $": {lab.Detail}" : $" in {lab.Ms / 1000.0:0} s")}");
        }
        Terminal.Out.WriteLine($"report: {page}");
    }
}
