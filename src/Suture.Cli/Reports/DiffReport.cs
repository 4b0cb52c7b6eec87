using Suture.Diff;
using Suture.Diff.Model;

namespace Suture.Cli.Reports;

/// <summary>What <c>suture diff --json</c> prints.</summary>
internal sealed record DiffReport(
    string Verdict, List<DiffReport.Item> Functions, List<DiffReport.Item> Data,
    DiffReport.IncludedNames Included, List<FindingReport> Findings)
{
    internal sealed record Item(string Name, string Change);

    internal sealed record IncludedNames(List<string> Functions, List<string> Objects);

    public static DiffReport From(DiffResult result) => new(
        result.Verdict.ToString().ToLowerInvariant(),
        [.. result.Functions.Select(f => new Item(f.Element.Name, Word(f.Change)))],
        [.. result.Data.Select(d => new Item(d.Element.Name, Word(d.Change)))],
        result.Output is null
            ? new IncludedNames([], [])
            : new IncludedNames(
                [.. result.Included.Where(e => e.Kind == ElementKind.Function).Select(e => e.Name)],
                [.. result.Included.Where(e => e.Kind == ElementKind.Data).Select(e => e.Name)]),
        [.. result.Findings.Select(FindingReport.From)]);

    public static void Print(DiffResult result)
    {
        foreach (var item in result.Functions)
        {
            Console.Out.WriteLine($"{Word(item.Change),-8} function  {item.Element.Name}");
        }
        foreach (var item in result.Data)
        {
            Console.Out.WriteLine($"{Word(item.Change),-8} data      {item.Element.Name}");
        }
        FindingReport.Print(result.Findings);
        Console.Out.WriteLine(result.Verdict switch
        {
            Suture.Diff.Verdict.Patchable => $"patchable: {result.Replaced.Count()} functions to replace",
            Suture.Diff.Verdict.Unchanged => "unchanged",
            _ => "refused",
        });
    }

    private static string Word(Change change) => change == Change.New ? "new" : "changed";
}
