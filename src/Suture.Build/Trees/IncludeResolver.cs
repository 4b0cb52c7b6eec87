using Suture.Kernel;

using System.Collections.Concurrent;
using Suture.Build.Compile;

namespace Suture.Build.Trees;

/// <summary>
/// Finds the files that an #include may mean. Which -I directories apply depends on the unit; here they all do, so
/// that a file may seem to be included where it is not, but never the other way round.
/// </summary>
internal sealed class IncludeResolver
{
    private readonly string _tree;
    private readonly string[] _directories;
    private readonly ConcurrentDictionary<string, HashSet<string>> _listings = new();
    private readonly ConcurrentDictionary<string, string[]> _searched = new();
    private readonly Lazy<Dictionary<string, List<string>>> _byFirstName;

    public IncludeResolver(string tree, IEnumerable<CompileUnit> units)
    {
        _tree = tree;
        _directories = [.. units.SelectMany(u => CompilerCommand.Includes(u).Directories).Distinct()
            .Select(d => Normal(Relative(d))).OfType<string>().Distinct()];
        _byFirstName = new(IndexDirectories);
    }

    /// <summary>Relative paths of all files that the include may mean.</summary>
    public IReadOnlyList<string> Resolve(string includer, string name, bool quoted)
    {
        if (quoted)
        {
            var beside = Normal(Join(Path.GetDirectoryName(includer) ?? "", name));
            if (beside is not null && Exists(beside))
            {
                return [beside];
            }
        }
        return _searched.GetOrAdd(name, Search);
    }

    /// <summary>The path relative to the tree of a path as a command line spells it, or null when outside.</summary>
    public string? InTree(string spelled) => Normal(Relative(spelled)) is { } path && Exists(path) ? path : null;

    private string[] Search(string name)
    {
        // Which directories can hold it at all: those with an entry of its first component.
        var slash = name.IndexOf('/');
        var first = slash < 0 ? name : name[..slash];
        var directories = first is ".." or "." ? _directories : _byFirstName.Value.GetValueOrDefault(first, []).ToArray();
        return [.. directories.Select(d => Normal(Join(d, name))).OfType<string>().Where(Exists).Distinct()];
    }

    private Dictionary<string, List<string>> IndexDirectories()
    {
        var index = new Dictionary<string, List<string>>();
        foreach (var directory in _directories)
        {
            foreach (var name in Listing(directory))
            {
                (index.TryGetValue(name, out var list) ? list : index[name] = []).Add(directory);
            }
        }
        return index;
    }

    private bool Exists(string path)
    {
        var slash = path.LastIndexOf('/');
        return Listing(slash < 0 ? "" : path[..slash]).Contains(path[(slash + 1)..]);
    }

    private HashSet<string> Listing(string directory) => _listings.GetOrAdd(directory, d =>
    {
        var full = Path.Combine(_tree, d);
        return Directory.Exists(full) ? [.. Directory.EnumerateFileSystemEntries(full).Select(e => Path.GetFileName(e))] : [];
    });

    private string Relative(string spelled) =>
        spelled.StartsWith(_tree + "/", StringComparison.Ordinal) ? spelled[(_tree.Length + 1)..] : spelled;

    private static string Join(string directory, string name) => directory.Length == 0 ? name : $"{directory}/{name}";

    /// <summary>Without "." and ".."; null when absolute or leading out of the tree.</summary>
    private static string? Normal(string path)
    {
        if (path.StartsWith('/'))
        {
            return null;
        }
        if (!path.Contains("./", StringComparison.Ordinal) && !path.EndsWith('.') && !path.Contains("//", StringComparison.Ordinal) && !path.EndsWith('/'))
        {
            return path;
        }
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part == ".." && parts.Count == 0)
            {
                return null;
            }
            if (part == "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("." or ""))
            {
                parts.Add(part);
            }
        }
        return string.Join('/', parts);
    }
}
