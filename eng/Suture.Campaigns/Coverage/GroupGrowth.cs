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
        var names = errors.Where(f => f.Code != Unresolved).SelectMany(f => Quoted().Matches(f.Message)).Select(m => m.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        var symbols = errors.Where(f => f is { Code: Unresolved, Symbol: not null }).Select(f => f.Symbol!).ToList();
        // Where the compiler stumbled: units that the group's headers broke, and their changes are not in the group.
        var places = errors.SelectMany(f => Path().Matches(f.Message).Select(m => m.Groups[1].Value).Append(f.File ?? "")).ToHashSet(StringComparer.Ordinal);
        var named = patches.Values.Where(p => !group.Contains(p.Path)).Where(p =>
            p.Path.EndsWith(".h", StringComparison.Ordinal)
                ? names.Any(p.Adds) && (files.IsNew(p.Path) || group.Any(g => files.Includes(g, p.Path)) || places.Any(f => files.Includes(f, p.Path)))
                : symbols.Any(p.Defines)).Select(p => p.Path);
        var broken = patches.Keys.Where(p => places.Contains(p) && !group.Contains(p));
        var absent = errors.SelectMany(f => NoSuchFile().Matches(f.Message)).Select(m => m.Groups[1].Value).ToList();
        var added = patches.Keys.Where(p => !group.Contains(p) && absent.Exists(a => p.EndsWith("/" + System.IO.Path.GetFileName(a), StringComparison.Ordinal)));
        var found = named.Concat(broken).Concat(added).Distinct().Order(StringComparer.Ordinal).ToList();
        // The words did not help: all changed headers that it includes.
        return found.Count > 0 || row.Outcome != "does-not-compile"
            ? found
            : [.. patches.Keys.Where(p => p.EndsWith(".h", StringComparison.Ordinal) && !group.Contains(p) && group.Any(g => files.Includes(g, p))).Order(StringComparer.Ordinal)];
    }

    // gcc quotes code: 'struct foo' has no member named 'bar'; implicit declaration of function 'baz'.
    [GeneratedRegex(@"['‘](?:struct |union |enum )?([A-Za-z_]\w*)")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\(([\w./+-]+\.[ch]):\d+\)")]
    private static partial Regex Path();

    [GeneratedRegex(@"([\w./+-]+\.h): No such file")]
    private static partial Regex NoSuchFile();
}
