namespace Suture.Lab;

/// <summary>
/// Whether the kernel works as well with the livepatch, and after it, as the unpatched kernel of the same boot did before. A machine that shares its
/// CPUs is slower now and then in all it does: one class is judged against the others, and all by what the machine was given.
/// </summary>
internal static class LoadComparison
{
    /// <summary>What must be left of all measurements before, taken together.</summary>
    private const double LeastOfAll = 0.5;

    /// <summary>What must be left of one, when the others keep their level.</summary>
    private const double LeastOfOne = 0.6;

    /// <summary>A share of processor time below which it is told.</summary>
    private const double Noticeable = 0.95;

    /// <summary>The stage that says so.</summary>
    /// <param name="measurements">What the workload measured.</param>
    /// <param name="processorShares">By stage, what the machine was given of the processor time that it wanted.</param>
    public static LabStage Run(IReadOnlyList<LabMeasurement> measurements, IReadOnlyDictionary<string, double> processorShares)
    {
        var before = measurements.Where(m => m.Phase == "before").ToList();
        if (before.Count == 0)
        {
            return new LabStage("workload-compare", false, 0, "the workload measured nothing: it must print lines NAME NUMBER");
        }
        var faults = new List<string>();
        var levels = new List<string>();
        foreach (var phase in (string[])["during", "after"])
        {
            var shares = before.Select(b => (b.Name, Before: b.Value, Now: measurements.FirstOrDefault(m => m.Phase == phase && m.Name == b.Name)?.Value)).ToList();
            faults.AddRange(shares.Where(s => s.Now is null).Select(s => $"{s.Name}: not measured {phase}"));
            var known = shares.Where(s => s is { Now: not null, Before: > 0 }).Select(s => (s.Name, s.Before, Now: s.Now!.Value, Share: s.Now.Value / s.Before)).OrderBy(s => s.Share).ToList();
            var level = known.Count == 0 ? 1 : known[known.Count / 2].Share;
            var given = Math.Min(1, processorShares.GetValueOrDefault("workload-" + phase, 1) / processorShares.GetValueOrDefault("workload-before", 1));
            levels.Add($"{100 * level:F0} % {phase}{(given < Noticeable ? $" (with {100 * given:F0} % of the processor time)" : "")}");
            faults.AddRange(known.Where(s => s.Share < LeastOfOne * level).Select(s => $"{s.Name} {s.Now:0.##} {phase}, {s.Before:0.##} before"));
            if (level < LeastOfAll * given)
            {
                faults.Add($"half of all {phase} are at {100 * level:F0} % of before or less, with {100 * given:F0} % of the processor time");
            }
        }
        return new LabStage("workload-compare", faults.Count == 0, 0, faults.Count > 0
            ? $"worse than on the unpatched kernel: {string.Join("; ", faults)}"
            : $"{before.Count} measurements, their median next to the unpatched kernel's: {string.Join(", ", levels)}");
    }
}
