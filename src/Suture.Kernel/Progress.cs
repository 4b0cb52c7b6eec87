namespace Suture.Kernel;

/// <summary>One step of a long operation, for people who wait.</summary>
/// <param name="Stage">What is being done, a few words ("downloading linux-source-6.1").</param>
/// <param name="Done">Units done so far.</param>
/// <param name="Total">Units in all, 0 when unknown.</param>
public readonly record struct ProgressReport(string Stage, long Done = 0, long Total = 0);
