using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Gives the distribution's CVEs to units: where all functions that the changelog's words name and the later kernel changes are of one unit. A title that also names what
/// another unit changes, or nobody was asked to look at, may be about that: it stays unattributed, as what names none does. So does what a later entry reverts.
/// </summary>
internal static partial class LogAttribution
{
    /// <summary>The units with the CVEs that are theirs, and the CVEs of lines that are nobody's: of these, units may have some by other lines.</summary>
    public static (IReadOnlyList<UnitVerdict> Units, IReadOnlyList<string> Unattributed) Run(
        IReadOnlyList<UnitVerdict> units, IReadOnlyDictionary<string, Change> changes, IReadOnlyList<LogEntry> log)
    {
        var ids = units.Select(u => u.Id).ToHashSet(StringComparer.Ordinal);
        // A unit is about its own change and those that came in with it alone, not about what others stand for.
        var about = units.SelectMany(u => u.Changes.Where(c => c == u.Id || !ids.Contains(c)).Select(c => (Change: c, Unit: u.Id))).ToLookup(x => x.Change, x => x.Unit, StringComparer.Ordinal);
        // Null stands for a change that no unit is about.
        var owners = changes.Values.SelectMany(c => c.Items.Select(i => i.Name).Distinct().SelectMany(name => about[c.Id].DefaultIfEmpty<string?>().Select(unit => (Name: name, Unit: unit))))
            .Distinct().ToLookup(x => x.Name, x => x.Unit, StringComparer.Ordinal);
        var found = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var unattributed = new List<string>();
        var reverted = LogReverts.Among(log);
        foreach (var entry in log.Where(e => e.Cves.Count > 0))
        {
            // A plain word is no name: only what cannot be English counts.
            var named = Identifier().Matches(entry.Title).Select(m => m.Value.TrimEnd('(', ')')).Concat(Shortened(entry.Title, owners.Contains))
                .SelectMany(n => owners[n]).Distinct().ToList();
            if (named is [{ } unit] && !reverted(entry.Title))
            {
                (found.TryGetValue(unit, out var list) ? list : found[unit] = []).AddRange(entry.Cves);
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

    /// <summary>Names that a title gives the ends of alone: tls_sw_has_ctx_tx/rx speaks of tls_sw_has_ctx_rx too.</summary>
    private static IEnumerable<string> Shortened(string title, Func<string, bool> exists)
    {
        foreach (Match match in Alternatives().Matches(title))
        {
            var first = match.Groups[1].Value;
            foreach (var end in match.Groups[2].Captures.Select(c => c.Value))
            {
                // What is left out may be several words long.
                for (var at = first.LastIndexOf('_'); at >= 0; at = at > 0 ? first.LastIndexOf('_', at - 1) : -1)
                {
                    if (exists(first[..(at + 1)] + end))
                    {
                        yield return first[..(at + 1)] + end;
                    }
                }
            }
        }
    }

    [GeneratedRegex(@"\b([A-Za-z0-9]*_\w+)(?:\(\))?(?:/(\w+)(?:\(\))?)+")]
    private static partial Regex Alternatives();

    [GeneratedRegex(@"\b[A-Za-z0-9]*_\w+(?:\(\))?|\b[A-Za-z]\w*\(\)")]
    private static partial Regex Identifier();
}
