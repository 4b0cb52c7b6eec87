using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Gives the distribution's CVEs to units, where the changelog's words name a function that one unit alone changes. What names none, or
/// what several could be meant by, stays unattributed.
/// </summary>
internal static partial class LogAttribution
{
    /// <summary>The units with the CVEs that are theirs, and the CVEs that are nobody's.</summary>
    public static (IReadOnlyList<UnitVerdict> Units, IReadOnlyList<string> Unattributed) Run(IReadOnlyList<UnitVerdict> units, IReadOnlyList<LogEntry> log)
    {
        var owners = units.SelectMany(u => u.Functions.Select(f => (Name: f[(f.IndexOf(':', StringComparison.Ordinal) + 1)..].Split('.')[0], Unit: u.Id)))
            .Distinct().ToLookup(x => x.Name, x => x.Unit, StringComparer.Ordinal);
        var found = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var unattributed = new List<string>();
        foreach (var entry in log.Where(e => e.Cves.Count > 0))
        {
            // A plain word is no name: only what cannot be English counts.
            var named = Identifier().Matches(entry.Title).Select(m => m.Value.TrimEnd('(', ')')).SelectMany(n => owners[n]).Distinct().ToList();
            if (named.Count == 1)
            {
                (found.TryGetValue(named[0], out var list) ? list : found[named[0]] = []).AddRange(entry.Cves);
            }
            else
            {
                unattributed.AddRange(entry.Cves);
            }
        }
        var own = units.SelectMany(u => u.Cves).ToHashSet(StringComparer.Ordinal);
        return ([.. units.Select(u => found.TryGetValue(u.Id, out var cves) ? u with { Cves = [.. u.Cves.Union(cves)] } : u)],
            [.. unattributed.Distinct().Where(c => !own.Contains(c)).Order(StringComparer.Ordinal)]);
    }

    [GeneratedRegex(@"\b[A-Za-z0-9]*_\w+(?:\(\))?|\b[A-Za-z]\w*\(\)")]
    private static partial Regex Identifier();
}
