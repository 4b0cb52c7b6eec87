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
    public static IReadOnlyList<Finding> Decisive(Change change, BuildOutcome outcome, IReadOnlyDictionary<string, Change> changes, AcceptFile accepted) =>
        outcome.Status == BuildStatus.Built ? [.. Doubts(change, outcome, changes).Where(d => d.Settled is null && accepted.ReasonFor(change.Id, d.Finding) is null).Select(d => d.Finding)]
            : [.. outcome.Findings.Where(f => f.Severity == Severity.Error)];

    /// <summary>
    /// Whether a finding of a build that succeeds asks for a human. Between trees the counterpart of a dropped reference may lie in another part, which
    /// may not be carried; a commit has both.
    /// </summary>
    public static bool IsDoubt(Finding finding, bool isCommit) =>
        (finding.Severity == Severity.Warning && !Harmless.Contains(finding.Code)) || (finding is { Severity: Severity.Note, Code: References } && !isCommit);

    /// <summary>The doubts of a build, with what the source says against them.</summary>
    private static IEnumerable<(Finding Finding, string? Settled)> Doubts(Change change, BuildOutcome outcome, IReadOnlyDictionary<string, Change> changes)
    {
        var built = outcome.Changes.Select(c => changes[c]).ToList();
        return outcome.Findings.Where(f => IsDoubt(f, change.IsCommit)).Select(f => (f, SourceEvidence.Against(f, built, changes.Values)));
    }

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
        switch (outcome.Status)
        {
            case BuildStatus.NothingChanged:
                return verdict with { State = UnitState.NotBuilt, Reason = "it changes no code of this kernel" };
            case BuildStatus.Built:
                var doubts = Doubts(change, outcome, changes).ToLookup(d => d.Settled is null);
                var reasons = doubts[true].Select(d => (d.Finding, Accepted: accepted.ReasonFor(change.Id, d.Finding))).ToList();
                return reasons.Find(r => r.Accepted is null) is { Finding: { } open }
                    ? verdict with { Code = open.Code, Reason = $"a human must look: {open.Message}" }
                    : verdict with
                    {
                        State = UnitState.Carried,
                        Accepted = reasons.Count > 0 ? string.Join("; ", reasons.Select(r => r.Accepted).Distinct()) : null,
                        Reason = string.Join("; ", doubts[false].Select(d => d.Settled).Distinct()),
                    };
            default:
                var state = errors.Count > 0 && errors.TrueForAll(f => BootOnly.Contains(f.Code)) ? UnitState.BootOnly : UnitState.Refused;
                var decisive = errors.FirstOrDefault(f => !BootOnly.Contains(f.Code)) ?? errors.FirstOrDefault();
                return verdict with { State = state, Code = decisive?.Code, Reason = decisive?.Message ?? outcome.Status.ToString() };
        }
    }
}
