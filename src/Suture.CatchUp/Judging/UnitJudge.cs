using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.Kernel;

namespace Suture.CatchUp.Judging;

/// <summary>Makes units of changes and judges each: by parts of files between trees (<see cref="PartJudge"/>), by commits otherwise (<see cref="CommitJudge"/>).</summary>
internal sealed class UnitJudge(
    SourceDifference difference, ChangeBuilds builds, IReadOnlyDictionary<string, Change> changes, ILookup<string, DataLink> data, Func<Change, bool> isWanted, AcceptFile accepted,
    IProgress<ProgressReport>? progress)
{
    /// <summary>The units, in the order of their changes.</summary>
    public async Task<IReadOnlyList<UnitVerdict>> RunAsync(CancellationToken cancellation)
    {
        var wanted = Wanted(difference.Changes, changes, isWanted);
        var judged = difference.Files is { } files
            ? await new PartJudge(difference, files, builds, changes, accepted, progress).RunAsync(wanted, cancellation)
            : await new CommitJudge(builds, changes, progress).RunAsync(wanted, cancellation);
        var gone = difference.Gone.Where(isWanted).Select(c => (Change: c, Outcome: new BuildOutcome([c.Id], BuildStatus.Refused, [], [], "moved or removed in the later source")));
        var units = new List<UnitVerdict>();
        foreach (var (change, outcome) in judged.Concat(gone).OrderBy(g => builds.Order(g.Change.Id)))
        {
            // Several changes may need each other: one unit then.
            if (difference.IsByCommit || outcome.Changes.Count == 1 || !units.Exists(u => u.Changes.SequenceEqual(outcome.Changes)))
            {
                units.Add(UnitRules.Judge(change, outcome, changes, accepted));
            }
        }
        return difference.IsByCommit ? Waiting.Run(Undone.Run(units, changes), changes, data) : SharedHeaders.Join(Waiting.Run(units, changes, data), changes);
    }

    /// <summary>What is asked for, and commits that this is not to be carried without, wherever they change something.</summary>
    internal static List<Change> Wanted(IReadOnlyList<Change> all, IReadOnlyDictionary<string, Change> changes, Func<Change, bool> isWanted)
    {
        var links = CommitLinks.Among(changes);
        var wanted = all.Where(isWanted).Select(c => c.Id).ToHashSet(StringComparer.Ordinal);
        var todo = new Queue<string>(wanted);
        while (todo.TryDequeue(out var id))
        {
            foreach (var link in links[id].Where(l => wanted.Add(l.On)))
            {
                todo.Enqueue(link.On);
            }
        }
        return [.. all.Where(c => wanted.Contains(c.Id))];
    }
}
