using Suture.Build;
using Suture.Build.Compile;
using Suture.CatchUp.Difference;
using Suture.Kernel;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Judges parts of files. All parts of a source file are built together first: most are good so. Of the other files, those parts that nothing was said
/// against are; what remains is built part by part, with what brings what it lacks. Headers say something only to those who include them: they come in where they are
/// missed, and those that nobody missed in the end.
/// </summary>
internal sealed class PartJudge(
    SourceDifference difference, ChangedFiles files, ChangeBuilds builds, IReadOnlyDictionary<string, Change> changes, AcceptFile accepted, IProgress<ProgressReport>? progress)
{
    /// <summary>A type that fewer units share may turn out to be private to what a group patches.</summary>
    private const int FewIncluders = 20;

    private readonly GroupGrowth _growth = new(files.IsNew, files.Includes, difference.Changes.ToDictionary(c => c.Id, StringComparer.Ordinal));
    private readonly List<(Change Change, BuildOutcome Outcome)> _judged = [];
    private readonly LaidDoubts _laid = new();

    /// <summary>What came of each of <paramref name="parts"/>, or of several together.</summary>
    public async Task<IReadOnlyList<(Change Change, BuildOutcome Outcome)>> RunAsync(IReadOnlyList<Change> parts, CancellationToken cancellation)
    {
        var byPath = parts.ToLookup(p => p.Path, StringComparer.Ordinal);
        var bad = await TogetherAsync([.. difference.WholeFiles.Where(w => byPath.Contains(w.Path)).Select(w => new Group(w, [.. byPath[w.Path]]))], "judging files", cancellation);
        bad.ForEach(b => _laid.Add(b.Group.File, b.Outcome));
        await TogetherAsync([.. bad.Select(Innocent).OfType<Group>()], "judging files without what is not good there", cancellation);
        await GrowAsync([.. Left(parts).Where(c => !c.IsHeader)], "judging changes, with what they need", cancellation);
        await GrowAsync([.. Left(parts).Where(c => c.IsHeader && !files.IsNew(c.Path))], "judging headers, with what needs them", cancellation);
        return _judged;
    }

    private IEnumerable<Change> Left(IReadOnlyList<Change> parts) => Left(parts, _judged, j => UnitRules.IsGood(j.Change, j.Outcome, changes, accepted));

    /// <summary>
    /// The parts that nothing was decided about: neither was a build made for them, nor are they in one that is good. A header that a refused build took in may well be good
    /// without it.
    /// </summary>
    internal static IEnumerable<Change> Left(
        IEnumerable<Change> parts, IReadOnlyList<(Change Change, BuildOutcome Outcome)> judged, Func<(Change Change, BuildOutcome Outcome), bool> isGood)
    {
        var decided = judged.SelectMany(j => isGood(j) ? j.Outcome.Changes.Append(j.Change.Id) : [j.Change.Id]).ToHashSet(StringComparer.Ordinal);
        return parts.Where(p => !decided.Contains(p.Id));
    }

    /// <summary>Builds the parts of each group together and keeps what is good; gives back the others.</summary>
    private async Task<List<(Group Group, BuildOutcome Outcome)>> TogetherAsync(List<Group> groups, string stage, CancellationToken cancellation)
    {
        var outcomes = await builds.EachAsync(groups, stage, g => BuildAsync([.. g.Parts.Select(p => p.Id)], KeptObjects.All, cancellation), progress, cancellation);
        var bad = new List<(Group, BuildOutcome)>();
        foreach (var (group, outcome) in groups.Zip(outcomes))
        {
            if (UnitRules.IsGood(group.File, outcome, changes, accepted))
            {
                _judged.AddRange(OfParts(group.Parts, outcome));
            }
            else
            {
                bad.Add((group, outcome));
            }
        }
        return bad;
    }

    /// <summary>The parts of a file that nothing was said against; null when that cannot be told, or is one alone.</summary>
    private Group? Innocent((Group Group, BuildOutcome Outcome) bad) =>
        Suspects.Of(UnitRules.Decisive(bad.Group.File, bad.Outcome, accepted), bad.Group.Parts) is { } suspects
            && bad.Group.Parts.Except(suspects).ToList() is { Count: > 1 } rest ? bad.Group with { Parts = rest } : null;

    private async Task GrowAsync(List<Change> seeds, string stage, CancellationToken cancellation) =>
        _judged.AddRange(seeds.Zip(await builds.EachAsync(seeds, stage,
            seed => _growth.RunAsync([seed.Id], ids => WithHeadersAsync(seed.Id, ids, cancellation), o => o.Lacking), progress, cancellation)));

    /// <summary>Builds a group, unless a header that many include cannot be carried by itself: then it cannot with others either.</summary>
    private async Task<BuildOutcome> WithHeadersAsync(string seed, IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        foreach (var header in ids.Where(i => i != seed && MayChangeTypes(changes[i]) && files.IncluderCount(changes[i].Path) > FewIncluders))
        {
            if (await builds.RunAsync([header], cancellation, explain: false) is { Status: BuildStatus.Refused } alone && UnitRules.IsOfSharedHeader(alone))
            {
                return alone with { Changes = [seed], Awaits = header };
            }
        }
        return await BuildAsync(ids, ids.All(i => changes[i].Id == changes[i].Path) ? KeptObjects.All : KeptObjects.Includers, cancellation, explain: false);
    }

    /// <summary>Functions of a header mean something to those who call them only; a part of which no more is known may be anything.</summary>
    private static bool MayChangeTypes(Change change) => change.IsHeader && (change.Items.Count == 0 || change.Items.Any(i => !i.IsCallable));

    /// <summary>What is made of files as a whole is what the livepatch of all will be made of, mostly.</summary>
    private async Task<BuildOutcome> BuildAsync(IReadOnlyList<string> ids, KeptObjects keep, CancellationToken cancellation, bool explain = true) =>
        _laid.AddTo(await builds.RunAsync(ids, cancellation, keep, explain), changes);

    /// <summary>The outcome of a whole file as those of its parts: each that changes a function by name, with the others in the first.</summary>
    private static IEnumerable<(Change, BuildOutcome)> OfParts(List<Change> parts, BuildOutcome outcome)
    {
        IReadOnlyList<string> Named(Change part) => [.. outcome.Functions.Where(f => part.Items.Any(i => i.Name == FunctionName.Of(f)))];
        var named = parts.FindAll(p => Named(p).Count > 0);
        if (named.Count < 2 || outcome.Status != BuildStatus.Built)
        {
            return [(parts[0], outcome with { Changes = [.. parts.Select(p => p.Id)] })];
        }
        var rest = outcome.Functions.Except(named.SelectMany(Named));
        return named.Select((p, i) => (p, outcome with
        {
            Changes = i == 0 ? [p.Id, .. parts.Except(named).Select(o => o.Id)] : [p.Id],
            Functions = i == 0 ? [.. Named(p), .. rest] : Named(p),
        }));
    }

    /// <summary>Parts of a file that are built together.</summary>
    private sealed record Group(Change File, List<Change> Parts);
}
