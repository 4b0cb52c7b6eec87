using System.Text.Json.Serialization;

namespace Suture.Lab;

/// <summary>The lab's answer.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LabVerdict>))]
public enum LabVerdict
{
    /// <summary>Every stage went as it must and the kernel log is clean.</summary>
    [JsonStringEnumMemberName("passed")] Passed,
    /// <summary>Something did not.</summary>
    [JsonStringEnumMemberName("failed")] Failed,
}

/// <summary>One stage of a trial.</summary>
/// <param name="Name">boot, load-targets, reload-targets, running-code, probe-before, apply, memory, probe-applied, revert, probe-reverted, unload, unload-targets, workload, workload-before, workload-applying, workload-during, workload-after, workload-compare, kernel-log.</param>
/// <param name="Ok">Whether it went as it must.</param>
/// <param name="Ms">How long it took, in milliseconds.</param>
/// <param name="Detail">One sentence.</param>
public sealed record LabStage(string Name, bool Ok, long Ms, string Detail)
{
    /// <summary>Which of the cycles it belongs to, from 1; 0 for boot, workload and kernel-log.</summary>
    public int Cycle { get; init; }

    /// <summary>"target-first" or "patch-first": which was loaded first, the patched modules or the livepatch; empty outside cycles.</summary>
    public string Order { get; init; } = "";

    /// <summary>The guest's uptime at its end, in milliseconds.</summary>
    public long UptimeMs { get; init; }
}

/// <summary>How the workload fared.</summary>
/// <param name="Iterations">Times round its loop.</param>
/// <param name="LongestGapMs">Longest time between two of them, in milliseconds.</param>
/// <param name="Uninterrupted">Whether it was the same process all the time, no iteration is missing, and from when the livepatch came it never stood still for more than 10 s and five times as long as before.</param>
public sealed record LabWorkload(long Iterations, long LongestGapMs, bool Uninterrupted);

/// <summary>Something that the load measured.</summary>
/// <param name="Phase">"before" the livepatch was applied, "applying" it, "during" the time it is applied, or "after" it was taken back.</param>
/// <param name="Name">What.</param>
/// <param name="Value">How much; more is better.</param>
public sealed record LabMeasurement(string Phase, string Name, double Value);

/// <summary>A line of the kernel log that speaks against the livepatch.</summary>
/// <param name="Kind">What it is, as "oops", "warning", "lockdep".</param>
/// <param name="Line">The line.</param>
public sealed record LogFinding(string Kind, string Line);

/// <summary>Everything the lab found out about one livepatch on one kernel.</summary>
public sealed record LabReport
{
    /// <summary>The answer.</summary>
    public required LabVerdict Verdict { get; init; }

    /// <summary>The stages, in their order.</summary>
    public required IReadOnlyList<LabStage> Stages { get; init; }

    /// <summary>The serial console, whole (its middle is left out past 8 MiB).</summary>
    public required string KernelLog { get; init; }

    /// <summary>Lines of the kernel log that made it fail.</summary>
    public IReadOnlyList<LogFinding> LogFindings { get; init; } = [];

    /// <summary>The kernel's release.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>Name of the livepatch module.</summary>
    public string Module { get; init; } = "";

    /// <summary>"kvm" or "tcg".</summary>
    public string Accel { get; init; } = "";

    /// <summary>How long the verdict took, in milliseconds.</summary>
    public long TotalMs { get; init; }

    /// <summary>What was not looked at, and why.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>How the workload fared, when one was asked for.</summary>
    public LabWorkload? Workload { get; init; }

    /// <summary>What the load measured, when one was given.</summary>
    public IReadOnlyList<LabMeasurement> Measurements { get; init; } = [];
}

/// <summary>JSON of the report, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LabReport))]
public sealed partial class LabJson : JsonSerializerContext;
