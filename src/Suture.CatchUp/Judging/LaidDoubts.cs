using Suture.CatchUp.Difference;
using Suture.Diff.Findings;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Doubts about locks and references that the build of a whole file raised. A part that is built without the others shows only its own side of a lock order or a
/// count, so what was said of its functions stays with it. Other doubts are about a function alone: its own build says them again.
/// </summary>
internal sealed class LaidDoubts
{
    private static readonly string[] AcrossFunctions = ["SUT0801", "SUT0803"];

    private readonly Dictionary<string, List<Finding>> _byPath = new(StringComparer.Ordinal);

    /// <summary>Remembers what speaks against <paramref name="file"/> as a whole.</summary>
    public void Add(Change file, BuildOutcome whole) =>
        _byPath[file.Path] = [.. whole.Findings.Where(f => f.Symbol is not null && AcrossFunctions.Contains(f.Code) && UnitRules.IsDoubt(f, file.IsCommit))];

    /// <summary>The outcome of a smaller build, with the doubts about functions that its changes change or that it replaces.</summary>
    public BuildOutcome AddTo(BuildOutcome outcome, IReadOnlyDictionary<string, Change> changes)
    {
        var built = outcome.Changes.Select(c => changes[c]).ToLookup(c => c.Path, StringComparer.Ordinal);
        var replaced = outcome.Functions.Select(FunctionName.Of).ToHashSet(StringComparer.Ordinal);
        var laid = built.SelectMany(file => _byPath.GetValueOrDefault(file.Key, []).Where(d =>
            FunctionName.Of(d.Symbol!) is var name && (replaced.Contains(name) || file.Any(c => c.Items.Any(i => i.Name == name)))));
        var unsaid = laid.Where(d => !outcome.Findings.Any(f => f.Code == d.Code && f.Symbol == d.Symbol && f.Severity >= d.Severity)).ToList();
        return unsaid.Count == 0 ? outcome : outcome with { Findings = [.. outcome.Findings, .. unsaid] };
    }
}
