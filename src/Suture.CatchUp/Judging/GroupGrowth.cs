using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;
using Suture.Diff.Findings;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Finds the smallest set of changed files that a changed file needs to compile and link: it is built, and as long as the
/// compiler misses names, or the linker symbols, the changed files that bring these are added. Headers that half the kernel
/// includes would otherwise join all changes into one patch.
/// </summary>
internal sealed partial class GroupGrowth(ChangedFiles files, IReadOnlyDictionary<string, Change> patches)
{
    /// <summary>Files in a group at the most.</summary>
    public const int MostFiles = 60;

    private const int MostRounds = 8;
    private const string Unresolved = "SUT0304";

    /// <summary>Whether a build failed for want of something that another changed file may bring.</summary>
    public static bool LacksSomething(bool doesNotCompile, IEnumerable<Finding> findings) =>
        doesNotCompile || findings.Any(f => f is { Severity: Severity.Error, Code: Unresolved });

    /// <summary>Builds <paramref name="seed"/> with ever more files until nothing is missing or nothing can be added.</summary>
    /// <param name="seed">Files to begin with.</param>
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
            var more = Missing(findings, group);
            if (more.Count == 0 || group.Count + more.Count > MostFiles)
            {
                return result;
            }
            group = [.. group, .. more];
        }
    }

    /// <summary>Changed files, not in the group yet, that bring what the build misses.</summary>
    internal List<string> Missing(IReadOnlyList<Finding> findings, List<string> group)
    {
        var errors = findings.Where(f => f.Severity == Severity.Error).ToList();
        var names = MissedNames(errors);
        var symbols = errors.Where(f => f is { Code: Unresolved, Symbol: not null }).Select(f => f.Symbol!).ToList();
        // Where the compiler stumbled: units that the group's headers broke, and their changes are not in the group.
        var places = errors.SelectMany(f => Path().Matches(f.Message).Select(m => m.Groups[1].Value).Append(f.File ?? "")).ToHashSet(StringComparer.Ordinal);
        var outside = patches.Values.Where(p => !group.Contains(p.Id)).ToList();
        var headers = outside.Where(p => p.Id.EndsWith(".h", StringComparison.Ordinal)).ToList();

        var scored = headers.Where(p => !files.IsNew(p.Id) && (group.Exists(g => files.Includes(g, p.Id)) || places.Any(f => files.Includes(f, p.Id))))
            .Select(p => (Path: p.Id, Score: names.Count(p.Adds))).Where(p => p.Score > 0).ToList();
        // A message about types names common ones too: the header that knows most of the names is meant.
        var named = scored.Where(p => p.Score == scored.Max(s => s.Score)).Select(p => p.Path);
        var added = headers.Where(p => files.IsNew(p.Id) && group.Exists(g => patches[g].AddsInclude(System.IO.Path.GetFileName(p.Id)))).Select(p => p.Id);
        var defining = outside.Except(headers).Where(p => symbols.Exists(p.Defines)).Select(p => p.Id);
        var broken = outside.Select(p => p.Id).Where(places.Contains);
        return [.. named.Concat(added).Concat(defining).Concat(broken).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>Names that the compiler or the linker missed, by what it said.</summary>
    public static HashSet<string> MissedNames(IReadOnlyList<Finding> findings) =>
        findings.Where(f => f.Severity == Severity.Error && f.Code != Unresolved).SelectMany(f => Quoted().Matches(f.Message)).SelectMany(m => Word().Matches(m.Value))
            .Select(m => m.Value).Where(n => !IsLanguage(n)).ToHashSet(StringComparer.Ordinal);

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
