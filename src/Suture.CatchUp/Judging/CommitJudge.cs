using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.Kernel;

namespace Suture.CatchUp.Judging;

/// <summary>Judges commits: each on its own, all at once; then those that do not stand alone, on top of earlier ones.</summary>
internal sealed class CommitJudge(ChangeBuilds builds, IReadOnlyDictionary<string, Change> changes, IProgress<ProgressReport>? progress)
{
    /// <summary>What came of each of <paramref name="seeds"/>.</summary>
    public async Task<IReadOnlyList<(Change Change, BuildOutcome Outcome)>> RunAsync(List<Change> seeds, CancellationToken cancellation) =>
        await StackAsync(seeds, await builds.EachAsync(seeds, "judging commits", c => builds.RunAsync([c.Id], cancellation), progress, cancellation), cancellation);

    /// <summary>Commits that do not stand alone, on top of earlier ones: those that touch the same files, or bring what the compiler misses.</summary>
    private async Task<List<(Change Change, BuildOutcome Outcome)>> StackAsync(List<Change> seeds, IReadOnlyList<BuildOutcome> alone, CancellationToken cancellation)
    {
        var result = new List<(Change, BuildOutcome)>();
        var needs = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        // What is there already applies to nothing, and nothing needs it besides.
        var there = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < seeds.Count; i++)
        {
            var outcome = alone[i];
            if (outcome.Status == BuildStatus.DoesNotApply || outcome.Lacking is not null)
            {
                progress?.Report(new ProgressReport($"judging {seeds[i].Id} with what it needs", i, seeds.Count));
                outcome = await OnTopAsync([.. seeds.Take(i).Where(c => !there.Contains(c.Id))], seeds[i], outcome, needs, cancellation);
            }
            if (outcome.IsAlreadyThere)
            {
                there.Add(seeds[i].Id);
            }
            needs[seeds[i].Id] = outcome.Changes;
            result.Add((seeds[i], outcome));
        }
        return result;
    }

    private async Task<BuildOutcome> OnTopAsync(List<Change> before, Change seed, BuildOutcome alone, Dictionary<string, IReadOnlyList<string>> needs, CancellationToken cancellation)
    {
        const int mostRounds = 6;
        var (outcome, group) = (alone, new List<string> { seed.Id });
        for (var round = 0; round < mostRounds; round++)
        {
            var files = group.SelectMany(c => changes[c].Files).ToHashSet(StringComparer.Ordinal);
            var words = GroupGrowth.MissedNames(outcome.Findings);
            var earlier = before.Where(c => !group.Contains(c.Id));
            var more = outcome.Status == BuildStatus.DoesNotApply
                ? earlier.Where(c => c.Files.Any(files.Contains))
                : earlier.Where(c => words.Any(c.Adds));
            var added = more.SelectMany(c => needs[c.Id]).Distinct().Except(group).ToList();
            if (added.Count == 0 || group.Count + added.Count > GroupGrowth.MostChanges)
            {
                break;
            }
            group.AddRange(added);
            outcome = await builds.RunAloneAsync(group, cancellation);
            if (outcome.Status != BuildStatus.DoesNotApply && outcome.Lacking is null)
            {
                break;
            }
        }
        // What takes back an earlier one of the range looks as if it were there, until that one is.
        return outcome.Status == BuildStatus.DoesNotApply && alone.IsAlreadyThere ? alone : outcome;
    }
}
