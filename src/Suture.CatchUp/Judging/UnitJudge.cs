using Suture.CatchUp.Difference;
using Suture.Kernel;

namespace Suture.CatchUp.Judging;

/// <summary>Makes units of changes and judges each: by parts of files between trees (<see cref="PartJudge"/>), by commits otherwise (<see cref="CommitJudge"/>).</summary>
internal sealed class UnitJudge(
    SourceDifference difference, ChangeBuilds builds, IReadOnlyDictionary<string, Change> changes, Func<Change, bool> isWanted, AcceptFile accepted, IProgress<ProgressReport>? progress)
{
    /// <summary>The units, in the order of their changes.</summary>
    public async Task<IReadOnlyList<UnitVerdict>> RunAsync(CancellationToken cancellation)
    {
        var wanted = Wanted();
        var judged = difference.Files is { } files
            ? await new PartJudge(difference, files, builds, changes, accepted, progress).RunAsync(wanted, cancellation)
            : await new CommitJudge(builds, changes, progress).RunAsync(wanted, cancellation);
        var units = new List<UnitVerdict>();
        foreach (var (change, outcome) in judged.OrderBy(g => builds.Order(g.Change.Id)))
        {
            // Several changes may need each other: one unit then.
            if (difference.IsByCommit || outcome.Changes.Count == 1 || !units.Exists(u => u.Changes.SequenceEqual(outcome.Changes)))
            {
                units.Add(UnitRules.Judge(change, outcome, changes, accepted));
            }
        }
        return difference.IsByCommit ? Waiting.Run(Undone.Run(units), changes) : SharedHeaders.Join(Waiting.Run(units, changes), changes);
    }

    /// <summary>What is asked for, and later commits that mend it, wherever they do.</summary>
    private List<Change> Wanted()
    {
        var wanted = new List<Change>();
        foreach (var change in difference.Changes)
        {
            if (isWanted(change) || wanted.Exists(w => change.Commit.MendsOneOf(w.Commit)))
            {
                wanted.Add(change);
            }
        }
        return wanted;
    }
}
