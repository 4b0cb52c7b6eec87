using Suture.Lab.Protocol;

namespace Suture.Lab;

/// <summary>Gathers a trial's events into stages, and tells the one who watches.</summary>
internal sealed class TrialLog(IProgress<LabEvent>? watcher)
{
    private readonly List<LabStage> _stages = [];

    public IReadOnlyList<LabStage> Stages => _stages;

    public LabWorkload? Workload { get; private set; }

    /// <summary>Whether the guest carried out its plan to the end.</summary>
    public bool Complete { get; private set; }

    /// <summary>The stage that has begun and not ended.</summary>
    public GuestEvent? Open { get; private set; }

    public void Note(string text) => watcher?.Report(new LabEvent(LabEventKind.Note, "", text, TimeSpan.Zero));

    public void Begin(string name) => watcher?.Report(new LabEvent(LabEventKind.Begin, name, "", TimeSpan.Zero));

    public void Add(LabStage stage)
    {
        _stages.Add(stage);
        watcher?.Report(new LabEvent(LabEventKind.Stage, stage.Name, stage.Detail, TimeSpan.FromMilliseconds(stage.UptimeMs)) { Stage = stage });
    }

    public void Take(GuestEvent value)
    {
        var uptime = TimeSpan.FromMilliseconds(value.UptimeMs);
        switch (value.Kind)
        {
            case GuestEventKind.Begin:
                Open = value;
                watcher?.Report(new LabEvent(LabEventKind.Begin, value.Name, "", uptime));
                break;
            case GuestEventKind.Stage:
                Open = null;
                Add(new LabStage(value.Name, value.Ok, value.Ms, value.Detail) { Cycle = value.Cycle, Order = value.Order, UptimeMs = value.UptimeMs });
                break;
            case GuestEventKind.Line:
                watcher?.Report(new LabEvent(LabEventKind.ProbeLine, Open?.Name ?? "", value.Detail, uptime));
                break;
            case GuestEventKind.Workload:
                Workload = new LabWorkload(value.Iterations, value.LongestGapMs, value.Ok);
                Add(new LabStage("workload", value.Ok, value.UptimeMs,
                    value.Ok ? $"{value.Iterations} iterations, longest gap {value.LongestGapMs} ms" : value.Detail)
                { UptimeMs = value.UptimeMs });
                break;
            case GuestEventKind.Done:
                Complete = true;
                break;
            case GuestEventKind.Fault:
                Add(new LabStage("guest", false, 0, value.Detail));
                break;
        }
    }
}
