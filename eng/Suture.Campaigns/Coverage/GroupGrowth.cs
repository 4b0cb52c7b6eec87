using System.Text.RegularExpressions;

namespace Suture.Campaigns.Coverage;

/// <summary>
/// Finds the smallest set of changed files that a changed file needs to compile and link: it is built, and as long as the
/// compiler misses names, or the linker symbols, the changed files that bring these are added. Headers that half the kernel
/// includes would otherwise join all changes into one patch.
/// </summary>
internal sealed partial class GroupGrowth(ChangedFiles files, IReadOnlyDictionary<string, SourcePatch> patches)
{
    /// <summary>Files in a group at the most.</summary>
    public const int MostFiles = 60;

    private const int MostRounds = 8;
    private const string Unresolved = "SUT0304";

    /// <summary>Whether a build failed for want of something that another changed file may bring.</summary>
    public static bool LacksSomething(CoverageRow row) =>
        row.Outcome == "does-not-compile" || row.Findings.Any(f => f is { Severity: "error", Code: Unresolved });

    /// <summary>Builds <paramref name="seed"/> with ever more files until nothing is missing or nothing can be added.</summary>
    public async Task<CoverageRow> RunAsync(IReadOnlyList<string> seed, Func<IReadOnlyList<string>, Task<CoverageRow>> build)
    {
        var group = seed.ToList();
        for (var round = 1; ; round++)
        {
            var row = await build(group);
            if (!LacksSomething(row) || round == MostRounds)
            {
                return row;
            }
            var more = Missing(row, group);
            if (more.Count == 0 || group.Count + more.Count > MostFiles)
            {
                return row;
            }
            group = [.. group, .. more];
        }
    }

    /// <summary>Changed files, not in the group yet, that bring what the build misses.</summary>
    internal List<string> Missing(CoverageRow row, List<string> group)
    {
        var errors = row.Findings.Where(f => f.Severity == "error").ToList();
        var names = errors.Where(f => f.Code != Unresolved).SelectMany(f => Quoted().Matches(f.Message)).SelectMany(m => Word().Matches(m.Value))
            .Select(m => m.Value).Where(n => !IsLanguage(n)).ToHashSet(StringComparer.Ordinal);
        var symbols = errors.Where(f => f is { Code: Unresolved, Symbol: not null }).Select(f => f.Symbol!).ToList();
        // Where the compiler stumbled: units that the group's headers broke, and their changes are not in the group.
        var places = errors.SelectMany(f => Path().Matches(f.Message).Select(m => m.Groups[1].Value).Append(f.File ?? "")).ToHashSet(StringComparer.Ordinal);
        var outside = patches.Values.Where(p => !group.Contains(p.Path)).ToList();
        var headers = outside.Where(p => p.Path.EndsWith(".h", StringComparison.Ordinal)).ToList();

        var scored = headers.Where(p => !files.IsNew(p.Path) && (group.Exists(g => files.Includes(g, p.Path)) || places.Any(f => files.Includes(f, p.Path))))
            .Select(p => (p.Path, Score: names.Count(p.Adds))).Where(p => p.Score > 0).ToList();
        // A message about types names common ones too: the header that knows most of the names is meant.
        var named = scored.Where(p => p.Score == scored.Max(s => s.Score)).Select(p => p.Path);
        var added = headers.Where(p => files.IsNew(p.Path) && group.Exists(g => patches[g].AddsInclude(System.IO.Path.GetFileName(p.Path)))).Select(p => p.Path);
        var defining = outside.Except(headers).Where(p => symbols.Exists(p.Defines)).Select(p => p.Path);
        var broken = outside.Select(p => p.Path).Where(places.Contains);
        return [.. named.Concat(added).Concat(defining).Concat(broken).Distinct().Order(StringComparer.Ordinal)];
    }

    private static bool IsLanguage(string word) => word is "int" or "char" or "void" or "const" or "struct" or "union" or "enum" or "long" or "short"
        or "unsigned" or "signed" or "bool" or "_Bool" or "static" or "extern" or "inline" or "volatile" or "sizeof" or "aka";

    // gcc quotes code: 'struct foo' has no member named 'bar'; implicit declaration of function 'baz'.
    [GeneratedRegex(@"['‘][^'’]+['’]")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Word();

    [GeneratedRegex(@"\(([\w./+-]+\.[ch]):\d+\)")]
    private static partial Regex Path();
}
