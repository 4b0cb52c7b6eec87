using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
using Suture.Kernel;

namespace Suture.CatchUp.Merging;

/// <summary>
/// Joins what is carried into one livepatch. Units that are good alone may not be so together: what the findings of the whole name is
/// left out; where they name nothing, the set is halved until the units that do not go with the others are found.
/// </summary>
internal sealed class Merge(KernelBuild kernel, ChangeBuilds builds, Func<IReadOnlyList<UnitVerdict>, BuildRequest> request, IProgress<ProgressReport>? progress)
{
    private const int MostRounds = 40;

    private int _rounds;

    /// <summary>Builds the largest set it finds; the verdicts come back with what was left out. No module when nothing is carried.</summary>
    public async Task<(IReadOnlyList<UnitVerdict> Units, BuildResult? Result)> RunAsync(IReadOnlyList<UnitVerdict> units, CancellationToken cancellation)
    {
        var carried = units.Where(u => u.State == UnitState.Carried).ToList();
        var leftOut = new Dictionary<string, UnitVerdict>(StringComparer.Ordinal);
        var result = await BuildAsync(carried, cancellation);
        while (result is { Status: not BuildStatus.Built } && _rounds < MostRounds)
        {
            var named = Named(carried, result);
            if (named.Count == 0 || named.Count == carried.Count)
            {
                (carried, result) = await HalvedAsync(carried, leftOut, cancellation);
                break;
            }
            LeaveOut(named, carried, leftOut, result);
            result = await BuildAsync(carried, cancellation);
        }
        return ([.. units.Select(u => leftOut.GetValueOrDefault(u.Id, u))], result is { Status: BuildStatus.Built } ? result : null);
    }

    private async Task<BuildResult?> BuildAsync(List<UnitVerdict> carried, CancellationToken cancellation)
    {
        if (carried.Count == 0)
        {
            return null;
        }
        _rounds++;
        progress?.Report(new ProgressReport($"building one livepatch of {carried.Count} units"));
        var patches = builds.Patches(carried.SelectMany(u => u.Changes));
        return await LivepatchBuilder.RunAsync(request(carried) with { Kernel = kernel, Patches = patches }, progress, cancellation);
    }

    /// <summary>Units with a file that an error names, or a change whose patch it names.</summary>
    private static List<UnitVerdict> Named(List<UnitVerdict> carried, BuildResult result)
    {
        var places = result.Findings.Where(f => f is { Severity: Severity.Error, File: not null }).Select(f => f.File!).ToHashSet(StringComparer.Ordinal);
        var symbols = result.Findings.Where(f => f is { Severity: Severity.Error, Symbol: not null }).Select(f => f.Symbol!).ToHashSet(StringComparer.Ordinal);
        var byPlace = carried.FindAll(u => u.Files.Any(places.Contains) || u.Changes.Any(places.Contains));
        return byPlace.Count > 0 ? byPlace : carried.FindAll(u => u.Functions.Any(f => symbols.Contains(f[(f.IndexOf(':', StringComparison.Ordinal) + 1)..])));
    }

    private static void LeaveOut(List<UnitVerdict> units, List<UnitVerdict> carried, Dictionary<string, UnitVerdict> leftOut, BuildResult result)
    {
        var error = result.Findings.FirstOrDefault(f => f.Severity == Severity.Error);
        // What is built on it goes too.
        foreach (var unit in units.Concat(carried.Where(c => units.Exists(u => c.Changes.Contains(u.Id)))).Distinct())
        {
            leftOut[unit.Id] = unit with { State = UnitState.LeftOut, Code = error?.Code, Reason = $"good alone, not with the others: {error?.Message ?? result.Status.ToString()}" };
        }
        carried.RemoveAll(c => leftOut.ContainsKey(c.Id));
    }

    /// <summary>Adds halves to what is good so far, and halves those that are not.</summary>
    private async Task<(List<UnitVerdict>, BuildResult?)> HalvedAsync(List<UnitVerdict> all, Dictionary<string, UnitVerdict> leftOut, CancellationToken cancellation)
    {
        var (good, best) = (new List<UnitVerdict>(), default(BuildResult));
        var todo = new Stack<List<UnitVerdict>>([all]);
        while (todo.TryPop(out var part))
        {
            var result = part.Count == all.Count ? null : await BuildAsync([.. good, .. part], cancellation);
            if (result is { Status: BuildStatus.Built })
            {
                good.AddRange(part);
                best = result;
            }
            else if (part.Count == 1 || _rounds >= MostRounds)
            {
                if (result is not null)
                {
                    LeaveOut(part, [], leftOut, result);
                }
                foreach (var unit in part.Where(u => !leftOut.ContainsKey(u.Id)))
                {
                    leftOut[unit.Id] = unit with { State = UnitState.LeftOut, Reason = $"what does not go together was not found within {MostRounds} builds" };
                }
            }
            else
            {
                todo.Push(part[(part.Count / 2)..]);
                todo.Push(part[..(part.Count / 2)]);
            }
        }
        return (good, best);
    }
}
