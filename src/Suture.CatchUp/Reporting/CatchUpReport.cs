using System.Text.Json;
using System.Text.Json.Serialization;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;

namespace Suture.CatchUp.Reporting;

/// <summary>What <c>suture catch-up --json</c> prints and catch-up.json holds; its keys are a contract.</summary>
/// <param name="Kernel">The kernel that is patched.</param>
/// <param name="To">What it catches up with.</param>
/// <param name="Module">Path of the livepatch; null when nothing is carried.</param>
/// <param name="Effective">As <c>suture uname</c> will say once it is applied.</param>
/// <param name="Totals">How many units are in each state.</param>
/// <param name="OtherFiles">Sources and headers that differ and that nothing of this kernel is built from, new sources among them.</param>
/// <param name="Units">All units.</param>
/// <param name="Cves">CVEs.</param>
/// <param name="TotalMs">How long it took.</param>
public sealed record CatchUpReport(
    CatchUpReport.KernelPart Kernel, string To, string? Module, string Effective, CatchUpReport.Counts Totals, int OtherFiles,
    IReadOnlyList<CatchUpReport.Unit> Units, CatchUpReport.CvePart Cves, long TotalMs)
{
    /// <summary>The paths that alone were looked at; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>What makes the whole doubtful, in order of weight.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Lines of the accept file that no finding needed, as UNIT CODE.</summary>
    public IReadOnlyList<string> UnusedAccepts { get; init; } = [];

    /// <summary>What the lab said of the livepatch; null when it was not tried.</summary>
    public LabPart? Lab { get; init; }

    /// <summary>A kernel build.</summary>
    public sealed record KernelPart(string Release, string BuildId, string? Version);

    /// <summary>Units by state; those that are not built here, or there already, are no part of what could be carried.</summary>
    public sealed record Counts(int Carried, int Refused, int LeftOut, int BootOnly, int WaitsFor, int NotBuilt)
    {
        /// <summary>Units that the kernel which runs has already.</summary>
        public int AlreadyThere { get; init; }

        /// <summary>Units that concern code of this kernel and are not there yet.</summary>
        public int Concerning => Carried + Refused + LeftOut + BootOnly + WaitsFor;

        /// <summary>How many of these are carried, in per cent.</summary>
        public double CarriedPercent => Concerning == 0 ? 0 : Math.Round(100.0 * Carried / Concerning, 1);
    }

    /// <summary>One unit.</summary>
    public sealed record Unit(
        string Id, string Title, string State, string Reason, string? Code, string? WaitsFor, string? Accepted, IReadOnlyList<string> Files,
        IReadOnlyList<string> Functions, IReadOnlyList<string> Cves, IReadOnlyList<UnitFinding> Findings)
    {
        /// <summary>How the lines of an accept file begin that would have it carried as it is; empty where no word of the operator's helps.</summary>
        public IReadOnlyList<string> AcceptAs { get; init; } = [];
    }

    /// <summary>A finding of a unit's build.</summary>
    public sealed record UnitFinding(string Code, string Severity, string? File, int Line, string? Symbol, string Message, string Advice);

    /// <summary>The lab's answer.</summary>
    /// <param name="Verdict">"passed" or "failed"; "not-tried" where the lab cannot run.</param>
    /// <param name="Detail">What failed, or why it was not tried; empty when it passed.</param>
    /// <param name="Ms">How long it took, in milliseconds.</param>
    public sealed record LabPart(string Verdict, string Detail, long Ms);

    /// <summary>CVEs: fixed by the livepatch, known of units that are not carried, and named by changelog or commits without saying for sure that what fixes them is all here.</summary>
    public sealed record CvePart(IReadOnlyList<string> Carried, IReadOnlyList<string> NotCarried, IReadOnlyList<string> Unattributed)
    {
        /// <summary>CVEs that only units name which change no code of this kernel.</summary>
        public IReadOnlyList<string> NotOfKernel { get; init; } = [];

        /// <summary>CVEs of units that the kernel which runs has already.</summary>
        public IReadOnlyList<string> AlreadyThere { get; init; } = [];

        /// <summary>Why nothing is known of CVEs; null when something is.</summary>
        public string? Unknown { get; init; }
    }

    /// <summary>The word for a state, as in JSON and tables.</summary>
    public static string Word(UnitState state) => state switch
    {
        UnitState.Carried => "carried",
        UnitState.Refused => "refused",
        UnitState.LeftOut => "left-out",
        UnitState.BootOnly => "boot-only",
        UnitState.NotBuilt => "not-built",
        UnitState.AlreadyThere => "already-there",
        _ => "waits-for",
    };

    /// <summary>From verdicts.</summary>
    public static Counts Count(IReadOnlyList<UnitVerdict> units)
    {
        int Of(UnitState state) => units.Count(u => u.State == state);
        return new Counts(Of(UnitState.Carried), Of(UnitState.Refused), Of(UnitState.LeftOut), Of(UnitState.BootOnly), Of(UnitState.WaitsFor), Of(UnitState.NotBuilt)) { AlreadyThere = Of(UnitState.AlreadyThere) };
    }

    /// <summary>A unit as it is reported.</summary>
    public static Unit From(UnitVerdict unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        return new(unit.Id, unit.Title, Word(unit.State), unit.Reason, unit.Code, unit.WaitsFor, unit.Accepted, unit.Files, unit.Functions, unit.Cves,
            [.. unit.Findings.Select(f => new UnitFinding(f.Code, Word(f.Severity), f.File, f.Line, f.Symbol, f.Message, f.Advice))])
        { AcceptAs = unit.AcceptAs };
    }

    /// <summary>As JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CatchUpJson.Default.CatchUpReport);

    private static string Word(Severity severity) => severity switch { Severity.Error => "error", Severity.Warning => "warning", _ => "note" };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(CatchUpReport))]
internal sealed partial class CatchUpJson : JsonSerializerContext;
