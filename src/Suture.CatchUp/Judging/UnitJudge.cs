using System.Collections.Concurrent;
using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.Diff.Findings;
using Suture.Kernel;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Makes units of changes and judges each: first every change on its own, all at once; then what lacks something, with the changes that
/// bring it.
/// </summary>
internal sealed class UnitJudge(
    SourceDifference difference, ChangeBuilds builds, IReadOnlyDictionary<string, Change> changes, Func<Change, bool> isWanted, AcceptFile accepted, IProgress<ProgressReport>? progress)
{
    public async Task<IReadOnlyList<UnitVerdict>> RunAsync(CancellationToken cancellation)
    {
        // Headers say something only to those who include them: they come in where they are missed.
        var seeds = difference.Changes.Where(c => isWanted(c) && (difference.IsByCommit || !c.IsHeader)).ToList();
        var alone = await EachAsync(seeds, "judging changes one by one", c => builds.RunAsync([c.Id], cancellation), cancellation);
        var grown = difference.Files is { } files
            ? await GrowAsync(files, seeds, alone, cancellation)
            : await StackAsync(seeds, alone, cancellation);

        var units = new List<UnitVerdict>();
        foreach (var (change, outcome) in grown.OrderBy(g => builds.Order(g.Change.Id)))
        {
            // Several changes may need each other: one unit then.
            if (difference.IsByCommit || !units.Exists(u => u.Changes.SequenceEqual(outcome.Changes)))
            {
                units.Add(UnitRules.Judge(change, outcome, changes, accepted));
            }
        }
        return Waiting(units);
    }

    /// <summary>Files that lack something, and changed headers that no unit took in, with what they need.</summary>
    private async Task<List<(Change Change, BuildOutcome Outcome)>> GrowAsync(
        ChangedFiles files, List<Change> seeds, IReadOnlyList<BuildOutcome> alone, CancellationToken cancellation)
    {
        var growth = new GroupGrowth(files, changes);
        var result = seeds.Zip(alone).Where(s => s.Second.Lacking is null).ToList();
        var lacking = seeds.Zip(alone).Where(s => s.Second.Lacking is not null).Select(s => s.First).ToList();
        result.AddRange(lacking.Zip(await EachAsync(lacking, "judging files with what they need",
            c => growth.RunAsync([c.Id], ids => builds.RunAsync(ids, cancellation), o => o.Lacking), cancellation)));
        var taken = result.SelectMany(r => r.Item2.Changes).ToHashSet(StringComparer.Ordinal);
        var headers = difference.Changes.Where(c => c.IsHeader && isWanted(c) && !files.IsNew(c.Id) && !taken.Contains(c.Id)).ToList();
        result.AddRange(headers.Zip(await EachAsync(headers, "judging headers with what needs them",
            c => growth.RunAsync([c.Id], ids => builds.RunAsync(ids, cancellation), o => o.Lacking), cancellation)));
        return result;
    }

    /// <summary>Commits that do not stand alone, on top of earlier ones: those that touch the same files, or bring what the compiler misses.</summary>
    private async Task<List<(Change Change, BuildOutcome Outcome)>> StackAsync(List<Change> seeds, IReadOnlyList<BuildOutcome> alone, CancellationToken cancellation)
    {
        var result = new List<(Change, BuildOutcome)>();
        var needs = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        for (var i = 0; i < seeds.Count; i++)
        {
            var outcome = alone[i];
            if (outcome.Status == BuildStatus.DoesNotApply || outcome.Lacking is not null)
            {
                progress?.Report(new ProgressReport($"judging {seeds[i].Id} with what it needs", i, seeds.Count));
                outcome = await OnTopAsync(seeds, i, outcome, needs, cancellation);
            }
            needs[seeds[i].Id] = outcome.Changes;
            result.Add((seeds[i], outcome));
        }
        return result;
    }

    private async Task<BuildOutcome> OnTopAsync(List<Change> seeds, int at, BuildOutcome alone, Dictionary<string, IReadOnlyList<string>> needs, CancellationToken cancellation)
    {
        const int mostRounds = 6;
        var (outcome, group) = (alone, new List<string> { seeds[at].Id });
        for (var round = 0; round < mostRounds; round++)
        {
            var files = group.SelectMany(c => changes[c].Files).ToHashSet(StringComparer.Ordinal);
            var words = GroupGrowth.MissedNames(outcome.Findings);
            var earlier = seeds.Take(at).Where(c => !group.Contains(c.Id));
            var more = outcome.Status == BuildStatus.DoesNotApply
                ? earlier.Where(c => c.Files.Any(files.Contains))
                : earlier.Where(c => words.Any(c.Adds));
            var added = more.SelectMany(c => needs[c.Id]).Distinct().Except(group).ToList();
            if (added.Count == 0 || group.Count + added.Count > GroupGrowth.MostFiles)
            {
                break;
            }
            group.AddRange(added);
            outcome = await builds.RunAsync(group, cancellation);
            if (outcome.Status != BuildStatus.DoesNotApply && outcome.Lacking is null)
            {
                break;
            }
        }
        return outcome;
    }

    /// <summary>What needs a unit that is not carried waits for it.</summary>
    private static List<UnitVerdict> Waiting(List<UnitVerdict> units)
    {
        var byId = units.ToDictionary(u => u.Id, StringComparer.Ordinal);
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = 0; i < units.Count; i++)
            {
                var unit = units[i];
                if (unit.State is UnitState.Carried or UnitState.Refused && unit.WaitsFor is null
                    && unit.Changes.FirstOrDefault(c => c != unit.Id && byId.TryGetValue(c, out var other)
                        && other.State is UnitState.Refused or UnitState.WaitsFor && other.Changes.All(unit.Changes.Contains)) is { } awaited)
                {
                    units[i] = byId[unit.Id] = unit with { State = UnitState.WaitsFor, WaitsFor = awaited, Reason = $"it needs {awaited}, which is not carried", Code = byId[awaited].Code };
                    changed = true;
                }
            }
        }
        return units;
    }

    private async Task<IReadOnlyList<BuildOutcome>> EachAsync(List<Change> seeds, string stage, Func<Change, Task<BuildOutcome>> build, CancellationToken cancellation)
    {
        var outcomes = new BuildOutcome[seeds.Count];
        var done = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, seeds.Count), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation },
            async (i, _) =>
            {
                outcomes[i] = await build(seeds[i]);
                progress?.Report(new ProgressReport(stage, Interlocked.Increment(ref done), seeds.Count));
            });
        return outcomes;
    }
}
