using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;

namespace Suture.CatchUp.Merging;

/// <summary>
/// Joins what is carried into one livepatch. Units that are good alone may not be so together: what speaks against the whole, be it an error or a doubt that no
/// unit alone gave rise to, names units, which are left out with all that needs them; where it names none, the set is halved until the units that do not go with
/// the others are found.
/// </summary>
/// <param name="changes">All changes by their ids.</param>
/// <param name="data">Between trees, which parts rest on the same data.</param>
/// <param name="accepted">Doubts that the operator takes responsibility for.</param>
/// <param name="build">Builds one livepatch of some of the units.</param>
internal sealed class Merge(IReadOnlyDictionary<string, Change> changes, ILookup<string, DataLink> data, AcceptFile accepted, Func<IReadOnlyList<UnitVerdict>, Task<BuildResult>> build)
{
    private const int MostRounds = 40;

    /// <summary>After so many, no more halves are tried: what waits for those that were left out must be left out too.</summary>
    private const int MostHalvingRounds = 34;

    private int _rounds;
    private (IReadOnlyList<UnitVerdict> Units, BuildResult Result)? _good;

    /// <summary>Builds the largest set it finds; the verdicts come back with what was left out. No module when nothing is carried.</summary>
    public async Task<(IReadOnlyList<UnitVerdict> Units, BuildResult? Result)> RunAsync(IReadOnlyList<UnitVerdict> units)
    {
        while (units.Where(u => u.State == UnitState.Carried).ToList() is { Count: > 0 } carried)
        {
            var leftOut = new Dictionary<string, UnitVerdict>(StringComparer.Ordinal);
            if (_good is { } good && good.Units.SequenceEqual(carried))
            {
                return (units, good.Result);
            }
            if (_rounds == MostRounds)
            {
                LeaveOutUnfound(carried, leftOut);
            }
            else
            {
                var result = await BuildAsync(carried);
                if (IsGood(carried, result))
                {
                    return (units, result);
                }
                if (Named(carried, result) is { Count: > 0 } named && named.Count < carried.Count)
                {
                    LeaveOut(named, carried, leftOut, result);
                }
                else
                {
                    await HalveAsync(carried, result, leftOut);
                }
            }
            units = Waiting.Run([.. units.Select(u => leftOut.GetValueOrDefault(u.Id, u))], changes, data);
        }
        return (units, null);
    }

    /// <summary>Builds them. What the engine cannot deal with says something about these units, and a smaller set may do.</summary>
    /// <exception cref="IOException">The machine had no room or memory for it: that is no word against any unit, and a smaller set would be a worse livepatch.</exception>
    private async Task<BuildResult> BuildAsync(List<UnitVerdict> carried)
    {
        _rounds++;
        try
        {
            var result = await build(carried);
            // A module without what the machine had no room for would look like any other.
            return new BuildOutcome([], result.Status, result.Findings, []).MayBeOfTheMachine
                ? throw new IOException(result.Findings.FirstOrDefault(f => f.Severity == Severity.Error)?.Message ?? "the compiler failed without a word")
                : result;
        }
        catch (Exception e) when (ChangeBuilds.IsOfTheMachine(e))
        {
            throw new IOException($"the livepatch of all {carried.Count} units was not built: {e.Message.Split('\n')[0]}; repeat the command, what was judged is kept", e);
        }
        catch (Exception e) when (ChangeBuilds.IsOfTheEngine(e))
        {
            return new BuildResult(BuildStatus.Refused, "", null, [], [new Finding("", Severity.Error, null, 0, null, e.Message.Split('\n')[0], "")], new BuildTimings(0, 0, 0, 0, 0, 0));
        }
    }

    private bool IsGood(List<UnitVerdict> carried, BuildResult result) => result.Status == BuildStatus.Built && Against(carried, result).Count == 0;

    /// <summary>
    /// What speaks against a build: its errors, or doubts about what only comes of several units together. Those that a unit's own build raised were accepted for it, and what it
    /// noted of a commit, which has all of its files, is no more than that because another commit drops references elsewhere.
    /// </summary>
    private List<Finding> Against(List<UnitVerdict> carried, BuildResult result)
    {
        if (result.Status != BuildStatus.Built)
        {
            return [.. result.Findings.Where(f => f.Severity == Severity.Error)];
        }
        var isCommit = changes[carried[0].Id].IsCommit;
        var known = carried.SelectMany(u => u.Findings).Where(f => UnitRules.IsDoubt(f, isCommit: false)).Select(Said).ToHashSet();
        return [.. result.Findings.Where(f => UnitRules.IsDoubt(f, isCommit) && !known.Contains(Said(f))
            && !(Owners(carried, [f]) is { Count: > 0 } owners && owners.TrueForAll(u => accepted.ReasonFor(changes[u.Id], f) is not null)))];
    }

    /// <summary>What a doubt says, without what is counted up in brackets: beside other units that may be more, or in another order.</summary>
    private static (string Code, string? Symbol, string Words) Said(Finding finding) => (finding.Code, finding.Symbol, finding.Message.Split('(')[0]);

    private List<UnitVerdict> Named(List<UnitVerdict> carried, BuildResult result) => Owners(carried, Against(carried, result));

    /// <summary>Units with a file that a finding names, or a change whose patch it names; of these, those that change the function it names.</summary>
    private static List<UnitVerdict> Owners(List<UnitVerdict> carried, List<Finding> findings)
    {
        var places = findings.Select(f => f.File).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var symbols = findings.Select(f => f.Symbol).OfType<string>().Select(FunctionName.Of).ToHashSet(StringComparer.Ordinal);
        bool HasSymbol(UnitVerdict unit) => unit.Functions.Any(f => symbols.Contains(FunctionName.Of(f)));
        var byPlace = carried.FindAll(u => u.Files.Any(places.Contains) || u.Changes.Any(places.Contains));
        var byBoth = byPlace.FindAll(HasSymbol);
        return byBoth.Count > 0 ? byBoth : byPlace.Count > 0 ? byPlace : carried.FindAll(HasSymbol);
    }

    private void LeaveOut(List<UnitVerdict> units, List<UnitVerdict> carried, Dictionary<string, UnitVerdict> leftOut, BuildResult result)
    {
        var first = Against(carried, result).FirstOrDefault();
        foreach (var unit in units)
        {
            leftOut[unit.Id] = unit with { State = UnitState.LeftOut, Code = first?.Code is { Length: > 0 } code ? code : null, Reason = $"good alone, not with the others: {first?.Message ?? result.Status.ToString()}" };
        }
    }

    private static void LeaveOutUnfound(IEnumerable<UnitVerdict> units, Dictionary<string, UnitVerdict> leftOut)
    {
        foreach (var unit in units)
        {
            leftOut[unit.Id] = unit with { State = UnitState.LeftOut, Reason = $"what does not go together was not found within {MostRounds} builds" };
        }
    }

    /// <summary>Adds halves to what is good so far, and halves those that are not; <paramref name="whole"/> came of all.</summary>
    private async Task HalveAsync(List<UnitVerdict> all, BuildResult whole, Dictionary<string, UnitVerdict> leftOut)
    {
        var good = new List<UnitVerdict>();
        var todo = new Stack<List<UnitVerdict>>([all]);
        while (todo.TryPop(out var part))
        {
            List<UnitVerdict> tried = [.. good, .. part];
            if (part.Count < all.Count && _rounds >= MostHalvingRounds)
            {
                LeaveOutUnfound(part, leftOut);
                continue;
            }
            var result = part.Count == all.Count ? whole : await BuildAsync(tried);
            if (IsGood(tried, result))
            {
                good.AddRange(part);
                _good = ([.. good], result);
            }
            else if (part.Count == 1)
            {
                LeaveOut(part, tried, leftOut, result);
            }
            else
            {
                todo.Push(part[(part.Count / 2)..]);
                todo.Push(part[..(part.Count / 2)]);
            }
        }
    }
}
