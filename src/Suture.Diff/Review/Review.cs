using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Review;

/// <summary>
/// Where a human must look, although the patch can be applied: what a compiler cannot know is whether the new code
/// gets along with objects and tasks that the old code left behind. All findings are warnings or notes.
/// </summary>
public static class Review
{
    /// <summary>Looks at everything that <paramref name="diff"/> would put into the livepatch.</summary>
    public static IReadOnlyList<Finding> Run(DiffResult diff)
    {
        ArgumentNullException.ThrowIfNull(diff);
        var findings = new List<Finding>();
        var functions = diff.Included.Where(e => e is { Kind: ElementKind.Function, Parent: null }).ToList();
        foreach (var function in functions)
        {
            var after = CallSurvey.Of(function);
            var before = function.Twin is { } twin ? CallSurvey.Of(twin) : null;
            foreach (var subject in CallSubject.All)
            {
                if (subject.Added(before, after) is { Count: > 0 } added)
                {
                    findings.Add(ReviewCatalog.Of(subject, function.Name, added));
                }
            }
            if (before?.Waits is { } wait)
            {
                findings.Add(ReviewCatalog.Stall(function.Name, wait));
            }
        }
        foreach (var function in functions.Where(f => f.Change == Change.New))
        {
            if (Holder(diff, function) is { } holder)
            {
                findings.Add(ReviewCatalog.Outlives(function.Name, holder.ToString()));
            }
        }
        findings.AddRange(diff.Included.Where(IsOnceFlag).Select(d => diff.Included.First(e => e.References.Exists(r => r.Target == d)))
            .Select(f => (f.Parent ?? f).Name).Distinct().Select(ReviewCatalog.OnceAgain));
        return findings;
    }

    /// <summary>Who takes the address of a new function, so that it may be called when the livepatch is gone.</summary>
    private static Element? Holder(DiffResult diff, Element function) => diff.Included.FirstOrDefault(e => e != function
        && e.Kind is ElementKind.Function or ElementKind.Data && e.References.Exists(r => r.Target == function && r.Type != RelocationType.Plt32 && r.TargetOffset == 0));

    private static bool IsOnceFlag(Element data) => data.Kind == ElementKind.Data
        && SymbolNames.SourceName(data.Name) is "__already_done" or "__warned" or "__print_once" or "__section__warned";
}
