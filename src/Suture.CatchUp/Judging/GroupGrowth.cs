using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;
using Suture.Diff.Findings;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Finds the smallest set of changes that a change needs to compile and link: it is built, and as long as the
/// compiler misses names, or the linker symbols, the changes that bring these are added. Headers that half the kernel
/// includes would otherwise join all changes into one patch.
/// </summary>
/// <param name="isNew">Whether the older source lacks a file.</param>
/// <param name="includes">Whether a file of the older source includes a header, directly or by others.</param>
/// <param name="patches">All changes by their ids.</param>
internal sealed partial class GroupGrowth(Func<string, bool> isNew, Func<string, string, bool> includes, IReadOnlyDictionary<string, Change> patches)
{
    /// <summary>Changes in a group at the most.</summary>
    public const int MostChanges = 60;

    private const int MostRounds = 12;
    private const string Unresolved = "SUT0304";

    /// <summary>Whether a build failed for want of something that another changed file may bring.</summary>
    public static bool LacksSomething(bool doesNotCompile, IEnumerable<Finding> findings) =>
        doesNotCompile || findings.Any(f => f is { Severity: Severity.Error, Code: Unresolved });

    /// <summary>Builds <paramref name="seed"/> with ever more changes until nothing is missing or nothing can be added.</summary>
    /// <param name="seed">Changes to begin with.</param>
    /// <param name="build">Builds a group.</param>
    /// <param name="lacking">The findings of a build that lacks something, else null.</param>
    public async Task<T> RunAsync<T>(IReadOnlyList<string> seed, Func<IReadOnlyList<string>, Task<T>> build, Func<T, IReadOnlyList<Finding>?> lacking)
    {
        var group = seed.ToList();
        for (var round = 1; ; round++)
        {
            var result = await build(group);
            if (lacking(result) is not { } findings || round == MostRounds)
            {
                return result;
            }
            var more = Missing(findings, group) is { Count: > 0 } bringing ? bringing : Includes(group);
            if (more.Count == 0 || group.Count + more.Count > MostChanges)
            {
                return result;
            }
            group = [.. group, .. more];
        }
    }

    /// <summary>Changes, not in the group yet, that bring what the build misses.</summary>
    internal List<string> Missing(IReadOnlyList<Finding> findings, List<string> group)
    {
        var errors = findings.Where(f => f.Severity == Severity.Error).ToList();
        var inside = group.ConvertAll(g => patches[g]);
        var names = MissedNames(errors);
        // The one message that gives no name: a function that gave nothing so far has a value now.
        names.UnionWith(errors.Exists(f => f.Message.StartsWith("void value not ignored", StringComparison.Ordinal)) ? inside.SelectMany(g => g.ValuesTaken) : []);
        var symbols = errors.Where(f => f is { Code: Unresolved, Symbol: not null }).Select(f => f.Symbol!).ToList();
        // Where the compiler stumbled: units that the group's headers broke, and their changes are not in the group.
        var places = errors.SelectMany(f => Place().Matches(f.Message).Select(m => m.Groups[1].Value).Append(f.File ?? "")).ToHashSet(StringComparer.Ordinal);
        var outside = patches.Values.Where(p => !group.Contains(p.Id)).ToList();
        var headers = outside.Where(p => p.IsHeader).ToList();

        var seen = headers.FindAll(p => !isNew(p.Path) && (inside.Exists(g => includes(g.Path, p.Path) || g.AddsInclude(System.IO.Path.GetFileName(p.Path)))
            || places.Any(f => includes(f, p.Path))));
        var scored = seen.Select(p => (p.Id, Score: names.Count(p.Brings))).Where(p => p.Score > 0).ToList();
        // A message about types names common ones too: the header that knows most of the names is meant.
        var named = scored.Where(p => p.Score == scored.Max(s => s.Score)).Select(p => p.Id);
        var added = headers.Where(p => isNew(p.Path) && inside.Exists(g => g.AddsInclude(System.IO.Path.GetFileName(p.Path)))).Select(p => p.Id);
        var defining = outside.Except(headers).Where(p => symbols.Exists(p.Defines)).Select(p => p.Id);
        var touched = outside.FindAll(p => places.Contains(p.Path));
        var broken = touched.FindAll(p => !inside.Exists(g => g.Path == p.Path));
        var mended = broken.FindAll(p => names.Any(p.Mentions));
        var bringing = named.Concat(added).Concat(defining).Concat((mended.Count > 0 ? mended : broken).Select(p => p.Id)).Distinct().Order(StringComparer.Ordinal).ToList();
        // The group's own files miss what others bring, and only then what else differs in them: another caller of the same function.
        // At last headers that change beside the name: a further line of a prototype, say.
        var beside = touched.FindAll(p => names.Any(p.Shows));
        return bringing.Count > 0 ? bringing : [.. (beside.Count > 0 ? beside : seen.FindAll(p => names.Any(p.Shows))).Select(p => p.Id).Order(StringComparer.Ordinal)];
    }

    /// <summary>When nothing brings what is missed: what the group's headers include from now on.</summary>
    private List<string> Includes(List<string> group) =>
        [.. group.Select(g => $"{patches[g].Path}#{FileParts.IncludesOnly}").Distinct().Where(i => patches.ContainsKey(i) && !group.Contains(i))];

    /// <summary>Names that the compiler or the linker missed, by what it said.</summary>
    public static HashSet<string> MissedNames(IReadOnlyList<Finding> findings) =>
        findings.Where(f => f.Severity == Severity.Error && f.Code != Unresolved)
            .SelectMany(f => Quoted().Matches(f.Message).Take(IsAboutOne(f.Message) ? 1 : int.MaxValue)).SelectMany(m => Word().Matches(m.Value))
            .Select(m => m.Value).Where(n => !IsLanguage(n)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Whether the compiler names what it is about first, and types that may well be known after that.</summary>
    private static bool IsAboutOne(string message) => message.StartsWith("conflicting types for", StringComparison.Ordinal) || message.StartsWith("passing argument", StringComparison.Ordinal);

    private static bool IsLanguage(string word) => word is "int" or "char" or "void" or "const" or "struct" or "union" or "enum" or "long" or "short"
        or "unsigned" or "signed" or "bool" or "_Bool" or "static" or "extern" or "inline" or "volatile" or "sizeof" or "aka";

    // gcc quotes code: 'struct foo' has no member named 'bar'; implicit declaration of function 'baz'.
    [GeneratedRegex(@"['‘][^'’]+['’]")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Word();

    [GeneratedRegex(@"\(([\w./+-]+\.[ch]):\d+\)")]
    private static partial Regex Place();
}
