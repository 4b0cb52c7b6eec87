using System.Globalization;
using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;
using Suture.Diff.Findings;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Which parts of a file are to blame when all of them together are not good: those in whose hunks the compiler stumbles, or whose functions a finding
/// names. The others need not be built one by one.
/// </summary>
internal static partial class Suspects
{
    /// <summary>The parts to blame; null when something cannot be laid to any of them.</summary>
    public static IReadOnlyList<Change>? Of(IReadOnlyList<Finding> decisive, IReadOnlyList<Change> parts)
    {
        // In the order and number in which they were built.
        var hunks = parts.SelectMany(p => p.Hunks!).DistinctBy(h => h.OldStart).OrderBy(h => h.OldStart).ToList();
        var suspects = new HashSet<Change>(ReferenceEqualityComparer.Instance);
        foreach (var finding in decisive)
        {
            var to = Line(finding, parts[0].Path) is { } line ? parts.Where(p => HasLine(hunks, p, line)).ToList()
                : finding.Symbol is { } symbol ? parts.Where(p => p.Items.Any(i => i.Name == FunctionName.Of(symbol))).ToList() : [];
            if (to.Count == 0)
            {
                return null;
            }
            suspects.UnionWith(to);
        }
        return suspects.Count == 0 ? null : [.. parts.Where(suspects.Contains)];
    }

    /// <summary>Line of the patched file that a compiler's message is about.</summary>
    private static int? Line(Finding finding, string path) =>
        Place().Match(finding.Message) is { Success: true } place
            ? place.Groups[1].Value == path ? int.Parse(place.Groups[2].Value, CultureInfo.InvariantCulture) : null
            : finding is { Code: "SUT0402", Symbol: null } && finding.File == path && finding.Line > 0 ? finding.Line : null;

    private static bool HasLine(List<DiffHunk> hunks, Change part, int line)
    {
        var shift = 0;
        foreach (var hunk in hunks)
        {
            var start = hunk.OldStart + shift;
            if (line >= start && line < start + hunk.NewCount)
            {
                return part.Hunks!.Contains(hunk);
            }
            shift += hunk.NewCount - hunk.OldCount;
        }
        return false;
    }

    [GeneratedRegex(@"\(([\w./+-]+\.[ch]):(\d+)\)$")]
    private static partial Regex Place();
}
