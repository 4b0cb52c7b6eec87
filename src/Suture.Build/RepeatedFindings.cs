using Suture.Diff.Findings;

namespace Suture.Build;

/// <summary>A type of a header that changed is seen by every unit that includes it: one finding says so, naming the first unit.</summary>
internal static class RepeatedFindings
{
    private const string TypeCodes = "SUT05";

    /// <summary>The findings of all units in order, with their sources; those about types once each.</summary>
    /// <param name="findings">Source of the unit, and what was found in it.</param>
    /// <param name="unseen">Units that may have the same to say and were not asked.</param>
    public static IEnumerable<Finding> Merge(IEnumerable<(string Source, Finding Finding)> findings, int unseen = 0) => findings
        .GroupBy(f => f.Finding.Code.StartsWith(TypeCodes, StringComparison.Ordinal) && f.Finding.Symbol is { } symbol ? (object)(f.Finding.Code, symbol) : f)
        .Select(g => g.Key is ValueTuple<string, string> ? Named(g.First().Finding, [.. g.Select(f => f.Source).Distinct()], unseen) : g.First().Finding);

    private static Finding Named(Finding finding, List<string> sources, int unseen) => finding with
    {
        Message = $"{finding.Message} (compiled into {sources[0]}"
            + (unseen > 0 ? $", the first of {unseen + 1} units that the patch concerns)"
                : sources.Count == 1 ? ")"
                : $" and {sources.Count - 1} more {(sources.Count == 2 ? "unit" : "units")})"),
    };
}
