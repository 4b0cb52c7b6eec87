using System.Text.Json.Serialization;

namespace Suture.Lab.Protocol;

/// <summary>One line from the guest.</summary>
internal sealed record GuestEvent
{
    /// <summary>What it tells.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required GuestEventKind Kind { get; init; }

    /// <summary>Number of the trial it belongs to, from 0.</summary>
    public int Trial { get; init; }

    /// <summary>Name of the stage.</summary>
    public string Name { get; init; } = "";

    /// <summary>"target-first" or "patch-first".</summary>
    public string Order { get; init; } = "";

    /// <summary>Which of the cycles, from 1.</summary>
    public int Cycle { get; init; }

    /// <summary>Whether the stage went as it must.</summary>
    public bool Ok { get; init; }

    /// <summary>How long it took, in milliseconds.</summary>
    public long Ms { get; init; }

    /// <summary>How long it may take, in milliseconds (at its start).</summary>
    public long BoundMs { get; init; }

    /// <summary>One sentence, or one line of the probe's output.</summary>
    public string Detail { get; init; } = "";

    /// <summary>The guest's uptime in milliseconds.</summary>
    public long UptimeMs { get; init; }

    /// <summary>What was measured.</summary>
    public double Value { get; init; }

    /// <summary>Iterations of the workload so far.</summary>
    public long Iterations { get; init; }

    /// <summary>Longest time between two iterations of the workload so far, in milliseconds.</summary>
    public long LongestGapMs { get; init; }
}

/// <summary>What a <see cref="GuestEvent"/> tells.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GuestEventKind>))]
internal enum GuestEventKind
{
    /// <summary>The guest program runs.</summary>
    Boot,
    /// <summary>A stage begins.</summary>
    Begin,
    /// <summary>A stage ended.</summary>
    Stage,
    /// <summary>A line that the probe printed.</summary>
    Line,
    /// <summary>How the workload fares.</summary>
    Workload,
    /// <summary>What the load measured: its phase in <see cref="GuestEvent.Detail"/>, a name, and <see cref="GuestEvent.Value"/>.</summary>
    Measurement,
    /// <summary>A piece of memory: what it is in <see cref="GuestEvent.Name"/>, its address and bytes in <see cref="GuestEvent.Detail"/>.</summary>
    Memory,
    /// <summary>The plan is carried out, as far as it could be.</summary>
    Done,
    /// <summary>The guest program itself failed.</summary>
    Fault,
}
