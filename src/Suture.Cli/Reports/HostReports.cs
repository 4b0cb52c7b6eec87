using System.Text.Json.Serialization;
using Suture.Host;
using Suture.Host.Operations;
using Suture.Host.Preflight;
using Suture.Host.State;

namespace Suture.Cli.Reports;

/// <summary>The JSON of verbs that change the host.</summary>
internal sealed record OutcomeReport(
    string Result, string? Patch, string Message, string Advice, string? Refusal, long TransitionMs, IReadOnlyList<BlockerReport> Blockers, IReadOnlyList<string> Notes)
{
    public static OutcomeReport From(HostOutcome o) => new(
        o.Word, o.Patch, o.Message, o.Advice, o.Kind is { } kind ? Words.Of(kind) : null, o.TransitionMs,
        [.. o.Blockers.Select(b => BlockerReport.From(b, o.Targets))], o.Notes);
}

/// <summary>A task that holds up a transition; its stack has the innermost function first.</summary>
internal sealed record BlockerReport(int Pid, int Tid, string Command, string State, IReadOnlyList<FrameReport> Stack)
{
    public static BlockerReport From(BlockingTask task, IReadOnlyList<string> targets) =>
        new(task.Pid, task.Tid, task.Command, task.State, [.. task.Stack.Select(f => new FrameReport(f, targets.Contains(f)))]);
}

/// <summary>A function on a stack; <see cref="Target"/> when the patch replaces it: then it is what holds the task.</summary>
internal sealed record FrameReport(string Function, bool Target);

internal sealed record KernelReport(string Release, string? BuildId, string Version);

internal sealed record PatchReport(
    string Name, string Version, string Module, string Release, string State, string Explanation, string? Title, IReadOnlyList<string> Cves, bool Replace,
    DateTimeOffset Installed, DateTimeOffset? AppliedSince, IReadOnlyList<string> Marks, string Sha256)
{
    public static PatchReport From(PatchStatus s) => From(s.Patch, Words.Of(s.Condition), s.Explanation);

    public static PatchReport From(InstalledPatch p, string state, string explanation) => new(
        p.Name, p.Version, p.Module, p.Release, state, explanation, p.Title, p.Cves, p.Replace, p.Installed, p.AppliedSince, Words.Of(p.Marks), p.Sha256);
}

internal sealed record StatusReport(
    string State, KernelReport Kernel, IReadOnlyList<PatchReport> Patches, IReadOnlyList<string> Foreign, IReadOnlyList<string> Warnings, IReadOnlyList<BlockerReport> Blockers);

internal sealed record ListReport(string Release, IReadOnlyList<PatchReport> Patches);

internal sealed record UnameReport(string Release, string Version, string Effective, IReadOnlyList<string> Fixes, IReadOnlyList<string> Cves);

internal sealed record HistoryReport(IReadOnlyList<HistoryLine> Operations);

internal sealed record VerifyReport(bool Ok, IReadOnlyList<Comparison> Comparisons);

internal sealed record DoctorReport(string Grade, IReadOnlyList<DoctorCheckReport> Checks);

internal sealed record DoctorCheckReport(string Name, string Grade, string Detail, string Remedy)
{
    public static DoctorCheckReport From(FitnessCheck c) => new(c.Name, Words.Of(c.Grade), c.Detail, c.Remedy);
}

/// <summary>How conditions are spelt, in JSON and for people.</summary>
internal static class Words
{
    public static string Of(RefusalKind kind) => kind switch { RefusalKind.KernelMismatch => "kernel", RefusalKind.Verification => "verification", _ => "host" };

    public static string Of(HostCondition condition) => condition switch
    {
        HostCondition.UpToDate => "up-to-date",
        HostCondition.NothingApplied => "nothing-applied",
        HostCondition.UpdatePending => "update-pending",
        HostCondition.Unsupported => "unsupported",
        _ => "in-transition",
    };

    public static string Of(PatchCondition condition) => condition switch
    {
        PatchCondition.Applied => "applied",
        PatchCondition.InTransition => "in-transition",
        PatchCondition.Installed => "installed",
        PatchCondition.Replaced => "replaced",
        PatchCondition.Reverted => "reverted",
        PatchCondition.Quarantined => "quarantined",
        PatchCondition.Missing => "missing",
        _ => "unwanted",
    };

    public static string Of(FitnessGrade grade) => grade switch { FitnessGrade.Ok => "OK", FitnessGrade.Warn => "WARN", _ => "FAIL" };

    public static IReadOnlyList<string> Of(PatchMarks marks) =>
        [.. new[] { PatchMarks.Pinned, PatchMarks.Held, PatchMarks.Excluded }.Where(m => marks.HasFlag(m)).Select(m => m.ToString().ToLowerInvariant())];
}

[JsonSerializable(typeof(OutcomeReport))]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(ListReport))]
[JsonSerializable(typeof(UnameReport))]
[JsonSerializable(typeof(HistoryReport))]
[JsonSerializable(typeof(VerifyReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class HostJson : JsonSerializerContext;
