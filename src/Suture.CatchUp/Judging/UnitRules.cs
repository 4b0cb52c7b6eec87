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
    /// <summary>
    /// What takes effect at boot or module load only. Where something else is patched, it is left out of the livepatch: the rest may use what it was to make ready.
    /// </summary>
    private static readonly string[] BootOnly = ["SUT0201", "SUT0205"];

    /// <summary>Words about the patch that no human has to weigh: what is no code is left out.</summary>
    private static readonly string[] Harmless = ["SUT0403"];

    /// <summary>References that are only dropped: a note where the whole fix is seen.</summary>
    private const string References = "SUT0803";

    /// <summary>What makes a header that many include impossible to carry: types that all share, and too many to look at.</summary>
    private static readonly string[] SharedHeader = ["SUT0501", "SUT0502", "SUT0503", "SUT0405"];

    /// <summary>Whether a build was refused for what a header means to all who include it.</summary>
    public static bool IsOfSharedHeader(BuildOutcome outcome) => outcome.Findings.Any(f => f.Severity == Severity.Error && SharedHeader.Contains(f.Code));

    /// <summary>The findings that speak against a build.</summary>
    public static IReadOnlyList<Finding> Decisive(Change change, BuildOutcome outcome, AcceptFile accepted) =>
        outcome.Status == BuildStatus.Built ? [.. outcome.Findings.Where(f => IsDoubt(f, change.IsCommit) && accepted.ReasonFor(change, f) is null)]
            : [.. outcome.Findings.Where(f => f.Severity == Severity.Error)];

    /// <summary>
    /// Whether a finding of a build that succeeds asks for a human. Between trees the counterpart of a dropped reference may lie in another part, which
    /// may not be carried; a commit has both.
    /// </summary>
    public static bool IsDoubt(Finding finding, bool isCommit) =>
        (finding.Severity == Severity.Warning && !Harmless.Contains(finding.Code)) || (finding is { Severity: Severity.Note, Code: References } && !isCommit);

    /// <summary>Whether nothing of a build has to be looked at more closely: it is carried, or changes nothing that runs.</summary>
    public static bool IsGood(Change change, BuildOutcome outcome, IReadOnlyDictionary<string, Change> changes, AcceptFile accepted) =>
        Judge(change, outcome, changes, accepted).State is UnitState.Carried or UnitState.NotBuilt or UnitState.BootOnly;

    /// <summary>The verdict on <paramref name="change"/>.</summary>
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
            Cves = change.Cves,
            State = UnitState.Refused,
        };
        var errors = outcome.Findings.Where(f => f.Severity == Severity.Error).ToList();
        if (outcome.Awaits is { } awaited)
        {
            return verdict with { State = UnitState.WaitsFor, WaitsFor = awaited, Code = errors.FirstOrDefault()?.Code, Reason = $"it needs {awaited}, which is not carried", Findings = [] };
        }
        if (outcome.Fault is { } fault)
        {
            return verdict with { Reason = fault };
        }
        if (outcome.IsAlreadyThere)
        {
            return verdict with { State = UnitState.AlreadyThere, Reason = "the kernel that runs has it", Findings = [] };
        }
        switch (outcome.Status)
        {
            case BuildStatus.NothingChanged:
                return verdict with { State = UnitState.NotBuilt, Reason = "it changes no code of this kernel" };
            case BuildStatus.Built:
                var doubts = outcome.Findings.Where(f => IsDoubt(f, change.IsCommit)).ToList();
                var reasons = doubts.Select(d => accepted.ReasonFor(change, d)).ToList();
                return reasons.IndexOf(null) is >= 0 and var first
                    ? verdict with { Code = doubts[first].Code, Reason = $"a human must look: {doubts[first].Message}", AcceptAs = [.. doubts.Where((_, i) => reasons[i] is null).Select(d => AcceptFile.LineFor(change, d)).Distinct()] }
                    : verdict with { State = UnitState.Carried, Accepted = reasons.Count > 0 ? string.Join("; ", reasons.Distinct()) : null };
            default:
                var state = errors.Count > 0 && errors.TrueForAll(f => BootOnly.Contains(f.Code)) ? UnitState.BootOnly : UnitState.Refused;
                var decisive = errors.FirstOrDefault(f => !BootOnly.Contains(f.Code)) ?? errors.FirstOrDefault();
                return verdict with { State = state, Code = decisive?.Code, Reason = decisive?.Message ?? outcome.Status.ToString() };
        }
    }
}
