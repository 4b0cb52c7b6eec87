using Suture.Lab.Machine;
using Suture.Lab.Memory;
using Suture.Lab.Protocol;

namespace Suture.Lab;

/// <summary>Gathers the events of a boot into the stages of its trials, and tells the one who watches.</summary>
internal sealed class TrialLog(IProgress<LabEvent>? watcher)
{
    private readonly List<LabStage> _stages = [];
    private readonly Dictionary<int, List<LabStage>> _byTrial = [];

    private readonly List<LabMeasurement> _measurements = [];
    private readonly Dictionary<string, double> _processorShares = [];
    private ProcessorTime _since;
    private MemoryImage _memory = new();

    /// <summary>What must be in memory in a trial, by its number; null where the guest was not told to read it.</summary>
    public Func<int, PatchCode?> Code { get; init; } = _ => null;

    /// <summary>All stages, boot and the like among them.</summary>
    public IReadOnlyList<LabStage> Stages => _stages;

    /// <summary>The stages of trial number <paramref name="trial"/>; empty when it was not begun.</summary>
    public IReadOnlyList<LabStage> StagesOf(int trial) => _byTrial.TryGetValue(trial, out var stages) ? stages : [];

    /// <summary>The trial that began last; -1 before the first.</summary>
    public int Current { get; private set; } = -1;

    public LabWorkload? Workload { get; private set; }

    /// <summary>What the load measured.</summary>
    public IReadOnlyList<LabMeasurement> Measurements => _measurements;

    /// <summary>Tells what the machine has had of the processors until now.</summary>
    public Func<ProcessorTime>? Processors { get; set; }

    /// <summary>By stage: what the machine was given of the processor time that it wanted, from 0 to 1.</summary>
    public IReadOnlyDictionary<string, double> ProcessorShares => _processorShares;

    /// <summary>Whether the guest carried out its plan to the end.</summary>
    public bool Complete { get; private set; }

    /// <summary>The stage that has begun and not ended.</summary>
    public GuestEvent? Open { get; private set; }

    public void Note(string text) => watcher?.Report(new LabEvent(LabEventKind.Note, "", text, TimeSpan.Zero));

    public void Begin(string name) => watcher?.Report(new LabEvent(LabEventKind.Begin, name, "", TimeSpan.Zero));

    public void Add(LabStage stage)
    {
        _stages.Add(stage);
        if (_byTrial.TryGetValue(Current, out var ofTrial))
        {
            ofTrial.Add(stage);
        }
        watcher?.Report(new LabEvent(LabEventKind.Stage, stage.Name, stage.Detail, TimeSpan.FromMilliseconds(stage.UptimeMs)) { Stage = stage });
    }

    public void Take(GuestEvent value)
    {
        var uptime = TimeSpan.FromMilliseconds(value.UptimeMs);
        switch (value.Kind)
        {
            case GuestEventKind.Begin:
                Open = value;
                _since = Processors?.Invoke() ?? default;
                Current = value.Trial;
                _byTrial.TryAdd(Current, []);
                watcher?.Report(new LabEvent(LabEventKind.Begin, value.Name, "", uptime));
                break;
            case GuestEventKind.Memory:
                _memory.Take(value);
                break;
            case GuestEventKind.Stage:
                Open = null;
                _processorShares.TryAdd(value.Name, Processors?.Invoke().ShareSince(_since) ?? 1);
                var (ok, detail) = value is not { Name: "memory", Ok: true } ? (value.Ok, value.Detail)
                    : Code(value.Trial) is { } code ? new MemoryCheck(code, _memory).Run()
                    : (false, "the guest read memory that it was not asked for");
                _memory = new MemoryImage();
                Add(new LabStage(value.Name, ok, value.Ms, detail) { Cycle = value.Cycle, Order = value.Order, UptimeMs = value.UptimeMs });
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
            case GuestEventKind.Measurement:
                _measurements.Add(new LabMeasurement(value.Detail, value.Name, value.Value));
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
