using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.Diff.Findings;

namespace Suture.CatchUp.Judging;

/// <summary>
/// What a build means for a unit. Nobody looks at the result before it is applied, so a warning that asks for a human refuses the unit,
/// unless the operator accepted it.
/// </summary>
internal static class UnitRules
{
    /// <summary>What takes effect at boot or module load only; the parts it names are left out.</summary>
    private static readonly string[] BootOnly = ["SUT0201", "SUT0205"];

    /// <summary>Words about the patch that no human has to weigh: what is no code is left out.</summary>
    private static readonly string[] Harmless = ["SUT0403"];

    public static UnitVerdict Judge(Change change, BuildOutcome outcome, IReadOnlyDictionary<string, Change> changes, AcceptFile accepted)
    {
        var verdict = new UnitVerdict
        {
            Id = change.Id,
            Title = change.Title,
            Changes = outcome.Changes,
            Files = [.. outcome.Changes.SelectMany(c => changes[c].Files).Distinct()],
            Findings = outcome.Findings,
            Functions = outcome.Functions,
            Cves = [.. outcome.Changes.SelectMany(c => changes[c].Cves).Distinct()],
            State = UnitState.Refused,
        };
        var errors = outcome.Findings.Where(f => f.Severity == Severity.Error).ToList();
        if (outcome.Fault is { } fault)
        {
            return verdict with { Reason = fault };
        }
        switch (outcome.Status)
        {
            case BuildStatus.NothingChanged:
                return verdict with { State = UnitState.NotBuilt, Reason = "it changes no code of this kernel" };
            case BuildStatus.Built:
                var doubts = outcome.Findings.Where(f => f.Severity == Severity.Warning && !BootOnly.Contains(f.Code) && !Harmless.Contains(f.Code)).ToList();
                var reasons = doubts.Select(d => accepted.ReasonFor(change.Id, d)).ToList();
                return reasons.IndexOf(null) is >= 0 and var first
                    ? verdict with { Code = doubts[first].Code, Reason = $"a human must look: {doubts[first].Message}" }
                    : verdict with { State = UnitState.Carried, Accepted = reasons.Count > 0 ? string.Join("; ", reasons.Distinct()) : null };
            default:
                var state = errors.Count > 0 && errors.TrueForAll(f => BootOnly.Contains(f.Code)) ? UnitState.BootOnly : UnitState.Refused;
                var decisive = errors.FirstOrDefault(f => !BootOnly.Contains(f.Code)) ?? errors.FirstOrDefault();
                return verdict with { State = state, Code = decisive?.Code, Reason = decisive?.Message ?? outcome.Status.ToString() };
        }
    }
}
