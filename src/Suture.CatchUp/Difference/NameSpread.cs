using System.Buffers;
using System.Collections.Concurrent;

namespace Suture.CatchUp.Difference;

/// <summary>How far names are spread over a kernel's sources. A member whose name is declared once is the same wherever it is used; one called <c>flags</c> is any.</summary>
internal sealed class NameSpread
{
    /// <summary>What names consist of.</summary>
    internal static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

    private readonly Dictionary<string, int> _declarations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _directories = new(StringComparer.Ordinal);

    /// <summary>In how many files a member or variable is declared that is called so.</summary>
    public int Declarations(string name) => _declarations.GetValueOrDefault(name);

    /// <summary>In how many directories the name stands.</summary>
    public int Directories(string name) => _directories.TryGetValue(name, out var found) ? found.Count : 0;

    /// <summary>Looks for <paramref name="names"/> in files of a tree.</summary>
    public static NameSpread Of(IReadOnlySet<string> names, string tree, IEnumerable<string> files, CancellationToken cancellation)
    {
        var wanted = names.ToHashSet(StringComparer.Ordinal);
        var all = new ConcurrentBag<(string Directory, HashSet<string> Used, HashSet<string> Declared)>();
        Parallel.ForEach(files, new ParallelOptions { CancellationToken = cancellation }, file =>
        {
            var (used, declared) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
            if (File.Exists(Path.Combine(tree, file)))
            {
                Read(File.ReadAllText(Path.Combine(tree, file), System.Text.Encoding.Latin1), wanted.GetAlternateLookup<ReadOnlySpan<char>>(), used, declared);
                all.Add((Path.GetDirectoryName(file) ?? "", used, declared));
            }
        });
        var spread = new NameSpread();
        foreach (var (directory, used, declared) in all)
        {
            foreach (var name in declared)
            {
                spread._declarations[name] = spread._declarations.GetValueOrDefault(name) + 1;
            }
            foreach (var name in used)
            {
                (spread._directories.TryGetValue(name, out var found) ? found : spread._directories[name] = new(StringComparer.Ordinal)).Add(directory);
            }
        }
        return spread;
    }

    private static void Read(ReadOnlySpan<char> text, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> names, HashSet<string> used, HashSet<string> declared)
    {
        var at = 0;
        while (text[at..].IndexOfAny(Letters) is >= 0 and var skip)
        {
            var start = at + skip;
            var length = text[start..].IndexOfAnyExcept(Letters);
            at = length < 0 ? text.Length : start + length;
            if (names.TryGetValue(text[start..at], out var name))
            {
                used.Add(name);
                if (IsDeclared(text[..start], text[at..]))
                {
                    declared.Add(name);
                }
            }
        }
    }

    /// <summary>Whether a name between the two is declared there: a type or an asterisk before it, behind it the end of a declarator.</summary>
    private static bool IsDeclared(ReadOnlySpan<char> before, ReadOnlySpan<char> after)
    {
        var type = before.TrimEnd();
        if (type.IsEmpty || !(type[^1] == '*' || (type.Length < before.Length && char.IsAsciiLetterOrDigit(type[^1]))))
        {
            return false;
        }
        after = after.TrimStart();
        if (after is ['[', ..])
        {
            after = after[(after.IndexOf(']') + 1)..].TrimStart();
        }
        return after is [';', ..] or [':', ..] or [',', ..] or [')', '(', ..] && !(type.EndsWith("return") || type.EndsWith("goto"));
    }
}
