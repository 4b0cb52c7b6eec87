using System.Text;
using System.Text.RegularExpressions;

namespace Suture.Build.Compile;

/// <summary>
/// Of the units that include a changed header, those that it breaks if it breaks any: their sources mention what the header has no more, or what it declares
/// otherwise. To compile these first says at once what a hundred others need not be looked at for, and names much of what must change with the header.
/// </summary>
internal static partial class LikelyBreaks
{
    /// <summary>Units that are looked at; beyond, it would take longer than it spares.</summary>
    private const int MostLookedAt = 200;

    /// <summary>Such units of <paramref name="plan"/>, likeliest first; before all others those of <paramref name="changing"/>, paths of sources that another change may mend.</summary>
    public static IReadOnlyList<PlannedUnit> Among(CompilePlan plan, IReadOnlySet<string> changing)
    {
        var headers = plan.Application.Files.Where(f => !f.IsNew && !f.Path.EndsWith(".c", StringComparison.Ordinal)).ToList();
        var gone = headers.SelectMany(f => Words(HeaderItems.Plain(Encoding.Latin1.GetString(f.Original)))).ToHashSet(StringComparer.Ordinal);
        gone.ExceptWith(headers.SelectMany(f => Words(HeaderItems.Plain(Encoding.Latin1.GetString(f.Patched)))));
        var otherwise = headers.SelectMany(f => ChangedNames.Between(f.Original, f.Patched) ?? []).ToHashSet(StringComparer.Ordinal);
        return gone.Count + otherwise.Count == 0 ? [] :
        [
            .. plan.Units.Where(u => u.Reason == UnitReason.Includes).Take(MostLookedAt)
                .Select(u => (Unit: u, Path: Path.Combine(plan.Site.Tree, u.Unit.TreePath)))
                .Where(u => File.Exists(u.Path))
                .Select(u => (u.Unit, Words: Words(File.ReadAllText(u.Path, Encoding.Latin1)).ToHashSet(StringComparer.Ordinal)))
                .Select(u => (u.Unit, MentionsGone: gone.Overlaps(u.Words), Mentions: otherwise.Overlaps(u.Words)))
                .Where(u => u.MentionsGone || u.Mentions)
                .OrderBy(u => changing.Contains(u.Unit.Unit.TreePath) ? 0 : 1).ThenBy(u => u.MentionsGone ? 0 : 1)
                .Select(u => u.Unit),
        ];
    }

    private static IEnumerable<string> Words(string text) => Word().Matches(text).Select(m => m.Value);

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Word();
}
