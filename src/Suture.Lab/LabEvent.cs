namespace Suture.Lab;

/// <summary>What a <see cref="LabEvent"/> tells.</summary>
public enum LabEventKind
{
    /// <summary>A stage begins: <see cref="LabEvent.Name"/>.</summary>
    Begin,
    /// <summary>A stage ended: <see cref="LabEvent.Stage"/>.</summary>
    Stage,
    /// <summary>A line that the probe printed: <see cref="LabEvent.Text"/>.</summary>
    ProbeLine,
    /// <summary>A remark for people: <see cref="LabEvent.Text"/>.</summary>
    Note,
}

/// <summary>Something that happened in the lab, as it happens.</summary>
/// <param name="Kind">What it tells.</param>
/// <param name="Name">The stage it belongs to.</param>
/// <param name="Text">Text, when it carries one.</param>
/// <param name="Uptime">The guest's uptime; zero before it has booted.</param>
public sealed record LabEvent(LabEventKind Kind, string Name, string Text, TimeSpan Uptime)
{
    /// <summary>The ended stage.</summary>
    public LabStage? Stage { get; init; }
}
