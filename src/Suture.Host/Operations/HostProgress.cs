namespace Suture.Host.Operations;

/// <summary>What an operation is doing.</summary>
/// <param name="Stage">In a few words.</param>
/// <param name="Left">How much is left, of <paramref name="Unit"/>; null when that is not known.</param>
/// <param name="Unit">What is counted: "tasks", "s".</param>
public sealed record HostProgress(string Stage, int? Left = null, string Unit = "");
