using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Diff.Phases;
using Suture.Elf;

namespace Suture.Diff.Review;

/// <summary>
/// Where a human must look, although the patch can be applied: what a compiler cannot know is whether the new code
/// gets along with objects and tasks that the old code left behind. All findings are warnings or notes.
/// </summary>
public static class Review
{
    /// <summary>Looks at everything that <paramref name="diff"/> would put into the livepatch.</summary>
    public static UnitReview Run(DiffResult diff)
    {
        ArgumentNullException.ThrowIfNull(diff);
        var findings = new List<Finding>();
        var doubtful = new Dictionary<Finding, Finding>(ReferenceEqualityComparer.Instance);
        var locks = new Dictionary<Element, uint>();
        var functions = diff.Included.Where(e => e is { Kind: ElementKind.Function, Parent: null })
            .Select(f => (Function: f, Before: f.Twin is { } twin ? CallSurvey.Of(twin, locks) : null, After: CallSurvey.Of(f, locks))).ToList();
        var gone = diff.Original.Functions.Where(f => f is { Twin: null, Parent: null } && !SpecialSections.IsInit(f.Section)).Select(f => (Function: f, Use: CallSurvey.Of(f, locks))).ToList();
        var goneLocks = gone.ConvertAll(g => g.Use.Locks);
        List<LockUse> oldLocks = [.. functions.Select(f => f.Before?.Locks).OfType<LockUse>(), .. goneLocks];
        var lockOrderStands = LockUse.OrderStands([.. functions.Select(f => (f.Before?.Locks, f.After.Locks))], goneLocks);
        var onlyDropped = functions.TrueForAll(f => f.After.References.OnlyDropsMoreThan(f.Before?.References));
        var countedAsBefore = new Lazy<bool>(() => AreCountedAsBefore([.. functions.Select(f => (f.Function, f.Before?.Flow, f.After.Flow))], gone.ToDictionary(g => g.Function, g => g.Use.Flow), diff));
        foreach (var (function, before, after) in functions)
        {
            var isReversed = after.Locks.Reverses(oldLocks);
            if (isReversed)
            {
                findings.Add(ReviewCatalog.LocksReversed(function.Name));
            }
            else if (before is not null && after.Locks.NestsOtherThan(before.Locks) && (before.Locks.Nests || CallSubject.Lock.Added(before, after).Count == 0))
            {
                findings.Add(ReviewCatalog.LocksExchanged(function.Name));
                isReversed = true;
            }
            foreach (var subject in CallSubject.All.Where(s => s != CallSubject.Reference && !(s == CallSubject.Lock && isReversed)))
            {
                if (subject.Added(before, after) is { Count: > 0 } added)
                {
                    findings.Add(subject == CallSubject.Lock && lockOrderStands && added.All(LockUse.Knows) && after.Locks.GivesBack(before?.Locks)
                        ? ReviewCatalog.LockGivenBack(function.Name, added) : ReviewCatalog.Of(subject, function.Name, added));
                }
            }
            var (more, fewer) = (CallSubject.Reference.Added(before, after), CallSubject.NotTaken(before, after));
            if (more.Count + fewer.Count > 0 && !(countedAsBefore.Value && (before is not null || IsOnlyCalled(diff, function))))
            {
                var warning = more.Count > 0 ? ReviewCatalog.Of(CallSubject.Reference, function.Name, more) : ReviewCatalog.ReferenceNotTaken(function.Name, fewer);
                var isDropped = onlyDropped && fewer.Count == 0 && more.All(ReferenceNames.Drops);
                findings.Add(isDropped ? ReviewCatalog.ReferenceDropped(function.Name, more) : warning);
                if (isDropped)
                {
                    doubtful[findings[^1]] = warning;
                }
            }
            if (before?.Waits is { } wait)
            {
                findings.Add(ReviewCatalog.Stall(function.Name, wait, neverReturns: before.IsThread || IsHandedOut(diff.Original, function.Twin!)));
            }
        }
        foreach (var function in functions.Select(f => f.Function).Where(f => f.Change == Change.New))
        {
            if (Holder(diff, function) is { } holder)
            {
                findings.Add(ReviewCatalog.Outlives(function.Name, holder.ToString()));
            }
        }
        var users = new DataUsers([.. diff.Included]);
        findings.AddRange(diff.Included.Where(d => IsNewConstant(d) && !findings.Exists(f => f.Code == "SUT0806" && f.Symbol == d.Name))
            .Select(d => (Data: d, Holder: users.UsersOf(d).FirstOrDefault(u => IsKept(d, users.UseBy(u, d))))).Where(k => k.Holder is not null)
            .Select(k => ReviewCatalog.DataOutlives(SymbolNames.SourceName(k.Data.Name), (k.Holder!.Parent ?? k.Holder).Name)));
        findings.AddRange(diff.Included.Where(IsNewState).Select(d => ReviewCatalog.NewState(SymbolNames.SourceName(d.Name))));
        findings.AddRange(diff.Included.Where(IsOnceFlag).Select(d => diff.Included.First(e => e.References.Exists(r => r.Target == d)))
            .Select(f => (f.Parent ?? f).Name).Distinct().Select(ReviewCatalog.OnceAgain));
        return new UnitReview(findings, doubtful, functions.Exists(f => f.After.References.DropsFewerThan(f.Before?.References)));
    }

    /// <summary>
    /// Whether all replaced functions take and drop references as they did; a drop that one of them makes may else be what another one made. Functions that both versions have
    /// are taken by their names, or where that tells a difference followed as well, for one compiler inlines what the other calls.
    /// </summary>
    private static bool AreCountedAsBefore(IReadOnlyList<(Element Function, ControlFlow? Before, ControlFlow After)> functions, Dictionary<Element, ControlFlow> gone, DiffResult diff)
    {
        var added = functions.Where(f => f.Before is null).ToDictionary(f => f.Function, f => f.After);
        var (then, now) = (ReferencePaths.Following(gone, added.Keys), ReferencePaths.Following(added, gone.Keys));
        var (thenAll, nowAll) = (ReferencePaths.FollowingAll(diff.Original, added.Keys), ReferencePaths.FollowingAll(diff.Patched, gone.Keys));
        return functions.All(f => f.Before is null || ReferencePaths.AreSame(then, f.Before, now, f.After) || ReferencePaths.AreSame(thenAll, f.Before, nowAll, f.After));
    }

    /// <summary>Whether a new function is reached through functions of the livepatch alone, from which it was followed.</summary>
    private static bool IsOnlyCalled(DiffResult diff, Element function) => !function.IsGlobal && Holder(diff, function) is null
        && diff.Included.Where(e => e != function && e.References.Exists(r => r.Target == function)).ToList() is { Count: > 0 } users && users.TrueForAll(u => u.Kind == ElementKind.Function);

    /// <summary>Who takes the address of a new function, so that it may be called when the livepatch is gone.</summary>
    private static Element? Holder(DiffResult diff, Element function) => diff.Included.FirstOrDefault(e => TakesAddress(e, function));

    /// <summary>Whether something else than a call leads to the function: it may be what a thread runs, which no other function waits for to return.</summary>
    private static bool IsHandedOut(ObjectModel model, Element function) => model.Elements.Any(e =>
        TakesAddress(e, function) && !e.Section.Name.Contains("ksymtab", StringComparison.Ordinal));

    private static bool TakesAddress(Element user, Element function) => user != function && user.Kind is ElementKind.Function or ElementKind.Data
        && user.References.Exists(r => r.Target == function && r.Type != RelocationType.Plt32 && r.TargetOffset == 0);

    /// <summary>Whether it is a variable that the patch brings, not one of those that macros keep for each of their uses, some in a section of their own (__dyndbg).</summary>
    private static bool IsNewState(Element data) => data is { Kind: ElementKind.Data, Change: Change.New, Twin: null, Parent: null }
        && (SectionUses.Of(data.Section) == SectionUse.PerCpu || (SectionUses.Of(data.Section) == SectionUse.Write && Select.IsOrdinary(data)))
        && !SymbolNames.IsOwnCopy(data.Name);

    /// <summary>Whether it is a table or the like that the patch brings, to be read only.</summary>
    private static bool IsNewConstant(Element data) => data is { Kind: ElementKind.Data, Change: Change.New, Twin: null, Parent: null }
        && SectionUses.Of(data.Section) == SectionUse.Read && Select.IsOrdinary(data) && !SymbolNames.IsOwnCopy(data.Name);

    /// <summary>Whether somebody may keep the address: it is stored, or handed on and that of a table of functions, which are registered so.</summary>
    private static bool IsKept(Element data, DataUse? use) => use == DataUse.Kept
        || (use == DataUse.Passed && data.References.Exists(r => r.Target is { Kind: ElementKind.Function } || (r.Target is null && r.External is not null)));

    private static bool IsOnceFlag(Element data) => data.Kind == ElementKind.Data
        && SymbolNames.SourceName(data.Name) is "__already_done" or "__warned" or "__print_once" or "__section__warned";
}
