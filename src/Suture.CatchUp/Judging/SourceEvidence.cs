using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;
using Suture.Diff.Findings;

namespace Suture.CatchUp.Judging;

/// <summary>What the source of a difference between trees says against a doubt about locks and references, which comes from machine code alone.</summary>
internal static partial class SourceEvidence
{
    /// <summary>
    /// Why <paramref name="finding"/> asks for nobody's look after all; null when it does. Where changed lines call what they called before, and so did the function, it was the compiler who
    /// doubled calls: unless the lines are close to such a call, about which they may decide, or lead there by a jump. And a reference that is dropped now was taken by the older source already, where nothing else in the update takes one of that kind or ceases to drop one.
    /// </summary>
    /// <param name="finding">The doubt.</param>
    /// <param name="of">The changes that were built.</param>
    /// <param name="all">All changes of the update, those of whole files too.</param>
    public static string? Against(Finding finding, IReadOnlyCollection<Change> of, IEnumerable<Change> all) => finding switch
    {
        { Code: "SUT0801" or "SUT0803", Severity: Severity.Warning, CalledBefore: true } when of.Count > 0 && of.All(c => !c.IsCommit && c.Calls.AreSame && !(finding.Code == "SUT0801" ? c.Calls.AreNearLocks : c.Calls.AreNearReferences))
            && (!of.Any(c => c.Calls.ChangePaths) || (finding.Code == "SUT0803" && IsAlone(finding, of, all))) =>
            $"{finding.Code} comes from the compiler: the changed lines call what was called before",
        { Code: "SUT0803", Severity: Severity.Note } when of.Count > 0 && of.All(c => !c.IsCommit) && IsAlone(finding, of, all) =>
            $"{finding.Code}: nothing else in the update takes such a reference, or ceases to drop one",
        _ => null,
    };

    /// <summary>Whether nothing else in the update counts references of the kinds that a finding is about.</summary>
    private static bool IsAlone(Finding finding, IReadOnlyCollection<Change> of, IEnumerable<Change> all) =>
        Kinds(finding) is { Count: > 0 } kinds && !all.Where(c => IsOutside(c, of)).Any(c => kinds.Any(c.Calls.TakeOrKeep) || (c.Calls.CountReferences && IsNear(c, of)));

    /// <summary>Neither one of the changes nor a whole file that they are parts of.</summary>
    private static bool IsOutside(Change change, IReadOnlyCollection<Change> of) => !of.Any(o => o.Id == change.Id || change.Id == o.Path);

    private static bool IsNear(Change change, IReadOnlyCollection<Change> of) =>
        change.IsHeader || of.Any(o => Path.GetDirectoryName(o.Path) == Path.GetDirectoryName(change.Path));

    /// <summary>What the references are to, by the words in the names of the functions that take or drop them; none where these do not say.</summary>
    private static List<string> Kinds(Finding finding) =>
        finding.Callees?.Split(' ').Select(Kind).ToList() is { } kinds && kinds.TrueForAll(k => k.Count > 0) ? [.. kinds.SelectMany(k => k).Distinct()] : [];

    private static IReadOnlyList<string> Kind(string callee) => callee switch
    {
        "fput" or "fget" => ["file", "fget", "fput"],
        "dput" => ["dentry", "dget", "dput"],
        "iput" or "ihold" => ["inode", "igrab", "ihold", "iput"],
        _ when callee.StartsWith("refcount_", StringComparison.Ordinal) => [],
        _ => [.. NameWord().Matches(callee).Select(m => m.Value).Where(w => !IsVerb(w)).SelectMany(w => w == "sock" ? ["sock", "sk"] : new[] { w })],
    };

    private static bool IsVerb(string word) => word is "get" or "put" or "hold" or "release" or "free" or "kfree" or "reason" or "unref" or "consume" or "drop" or "find" or "lookup";

    [GeneratedRegex("[a-z0-9]{3,}")]
    private static partial Regex NameWord();
}
