using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>
/// Which files of a tree its build made, be it the prepared one or another that was built in. The kernel's tree says so itself: what git is to ignore (gitignore(5), as far as the kernel
/// uses it for files that are compiled) is no source. What kbuild always writes is known by its place.
/// </summary>
/// <param name="tree">The prepared tree.</param>
internal sealed partial class GeneratedSources(string tree)
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<Regex>> _rules = new(StringComparer.Ordinal);

    /// <summary>Whether <paramref name="path"/> of the tree is made by its build.</summary>
    public bool Contains(string path)
    {
        if (OfKbuild().IsMatch(path))
        {
            return true;
        }
        for (var directory = Path.GetDirectoryName(path); directory is not null; directory = directory.Length == 0 ? null : Path.GetDirectoryName(directory) ?? "")
        {
            var below = directory.Length == 0 ? path : path[(directory.Length + 1)..];
            if (_rules.GetOrAdd(directory, Read).Any(r => r.IsMatch(below)))
            {
                return true;
            }
        }
        return false;
    }

    private IReadOnlyList<Regex> Read(string directory)
    {
        var file = Path.Combine(tree, directory, ".gitignore");
        return File.Exists(file) ? [.. File.ReadLines(file).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] is not ('#' or '!') && !l.EndsWith('/')).Select(Rule)] : [];
    }

    /// <summary>One with a slash is about the directory that it stands in, others about all below.</summary>
    private static Regex Rule(string line)
    {
        var pattern = Regex.Escape(line.TrimStart('/')).Replace(@"\*", "[^/]*", StringComparison.Ordinal).Replace(@"\?", "[^/]", StringComparison.Ordinal).Replace(@"\[", "[", StringComparison.Ordinal);
        return new Regex($"{(line.Contains('/', StringComparison.Ordinal) ? "^" : "(?:^|/)")}{pattern}$", RegexOptions.CultureInvariant);
    }

    [GeneratedRegex(@"^(?:arch/[^/]+/)?include/(?:generated|config|ksym)/")]
    private static partial Regex OfKbuild();
}
