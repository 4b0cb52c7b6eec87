using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;
using Suture.Diff.Findings;
using Suture.Diff.Review;

namespace Suture.CatchUp.Judging;

/// <summary>What the source of an update says against a doubt about locks and references, which comes from machine code alone.</summary>
internal static partial class SourceEvidence
{
    /// <summary>
    /// Why <paramref name="finding"/> asks for nobody's look after all; null when it does. Where changed lines call the same functions as before, it was the compiler who doubled or joined
    /// calls. And a reference that is dropped now was taken by the older source already, where nothing in the update takes one of that kind.
    /// </summary>
    /// <param name="finding">The doubt.</param>
    /// <param name="of">The changes that were built.</param>
    /// <param name="all">All changes of the update, those of whole files too.</param>
    public static string? Against(Finding finding, IReadOnlyCollection<Change> of, IEnumerable<Change> all) => finding switch
    {
        { Code: "SUT0801" or "SUT0803", Severity: Severity.Warning } when of.Count > 0 && of.All(c => c.CallsAsBefore) =>
            $"{finding.Code} comes from the compiler: the changed lines call the same functions as before",
        { Code: "SUT0803", Severity: Severity.Note } when Kinds(finding) is { Count: > 0 } kinds && !all.Where(c => IsOutside(c, of)).Any(c => kinds.Any(c.TakesReferenceTo)) =>
            $"{finding.Code}: nothing in the update takes such a reference where none was taken",
        _ => null,
    };

    /// <summary>Neither one of the changes nor a whole file that they are parts of.</summary>
    private static bool IsOutside(Change change, IReadOnlyCollection<Change> of) => !of.Any(o => o.Id == change.Id || change.Id == o.Path);

    /// <summary>What the dropped references are to, by the words in the names of the functions that drop them; none where these do not say.</summary>
    private static List<string> Kinds(Finding finding) =>
        ReviewCatalog.Callees(finding) is { } callees && callees.Select(Kind).ToList() is var kinds && kinds.TrueForAll(k => k.Count > 0) ? [.. kinds.SelectMany(k => k).Distinct()] : [];

    private static List<string> Kind(string callee) => [.. NameWord().Matches(callee).Select(m => m.Value).Where(w => w is not ("put" or "release" or "free" or "kfree" or "reason" or "unref" or "consume"))];

    [GeneratedRegex("[a-z0-9]{3,}")]
    private static partial Regex NameWord();
}
