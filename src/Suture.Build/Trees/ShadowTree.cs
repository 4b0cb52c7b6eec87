namespace Suture.Build.Trees;

/// <summary>
/// A source tree with a few files changed, made of symbolic links into the prepared one: compiling in it spells every
/// path as the kernel's build did, copies nothing, and leaves the prepared tree to other builds.
/// </summary>
public sealed class ShadowTree
{
    private readonly string _prepared;
    private readonly HashSet<string> _real = [];
    private Dictionary<string, byte[]> _files = [];
    private HashSet<string> _names = [];

    private ShadowTree(string prepared, string root) => (_prepared, Root) = (prepared, root);

    /// <summary>Changed and new files by relative path.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => _files;

    /// <summary>Its top directory.</summary>
    public string Root { get; }

    /// <summary>Makes a shadow of <paramref name="prepared"/> at <paramref name="root"/> (must not exist).</summary>
    /// <param name="prepared">The prepared tree.</param>
    /// <param name="root">Directory to create.</param>
    /// <param name="files">Changed and new files by relative path.</param>
    /// <param name="directories">Relative directories that must be real, so that <c>../</c> in them stays in the shadow.</param>
    public static ShadowTree Create(string prepared, string root, IReadOnlyDictionary<string, byte[]> files, IEnumerable<string> directories)
    {
        var shadow = new ShadowTree(Path.GetFullPath(prepared), Path.GetFullPath(root));
        shadow.Become(files, directories);
        return shadow;
    }

    /// <summary>Takes back what was changed and changes <paramref name="files"/> instead; parameters as for <see cref="Create"/>. What is real stays so.</summary>
    public void Become(IReadOnlyDictionary<string, byte[]> files, IEnumerable<string> directories)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(directories);
        foreach (var path in _files.Keys)
        {
            File.Delete(Path.Combine(Root, path));
            if (File.Exists(Path.Combine(_prepared, path)))
            {
                File.CreateSymbolicLink(Path.Combine(Root, path), Path.Combine(_prepared, path));
            }
        }
        (_files, _names) = (new(files), [.. files.Keys.Select(f => Path.GetFileName(f))]);
        foreach (var directory in files.Keys.Select(f => Path.GetDirectoryName(f) ?? "").Concat(directories).Distinct().Order(StringComparer.Ordinal))
        {
            Materialise(directory);
        }
        foreach (var (path, bytes) in files)
        {
            Write(path, bytes);
        }
    }

    /// <summary>Writes a changed file again, with other bytes.</summary>
    public void Write(string path, byte[] bytes)
    {
        var full = Path.Combine(Root, path);
        // Writing through the link would change the prepared tree.
        File.Delete(full);
        File.WriteAllBytes(full, bytes);
    }

    /// <summary>Makes a directory (relative) and those above it real ones, their entries links.</summary>
    public void Materialise(string directory)
    {
        if (!_real.Add(directory))
        {
            return;
        }
        var full = Path.Combine(Root, directory);
        if (directory.Length > 0)
        {
            Materialise(Path.GetDirectoryName(directory) ?? "");
            File.Delete(full);
        }
        Directory.CreateDirectory(full);
        var source = Path.Combine(_prepared, directory);
        if (!Directory.Exists(source))
        {
            return;
        }
        foreach (var entry in Directory.EnumerateFileSystemEntries(source))
        {
            var name = Path.GetFileName(entry);
            var path = directory.Length == 0 ? name : $"{directory}/{name}";
            if (_files.TryGetValue(path, out var bytes))
            {
                File.WriteAllBytes(Path.Combine(Root, path), bytes);
            }
            else
            {
                File.CreateSymbolicLink(Path.Combine(full, name), entry);
            }
        }
    }

    /// <summary>
    /// For a file that the compiler opened in the shadow (as it spells it): the directory to make real because the path
    /// leads through its link to the original of a changed file; null when all is well.
    /// </summary>
    public string? EscapeOf(string dependency)
    {
        if (!_names.Contains(Path.GetFileName(dependency)) || Path.IsPathRooted(dependency))
        {
            return null;
        }
        var at = Root;
        string? through = null;
        foreach (var part in dependency.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = part switch
            {
                "." => at,
                ".." => Path.GetDirectoryName(at) ?? "/",
                _ => Path.Combine(at, part),
            };
            var within = at.StartsWith(Root + "/", StringComparison.Ordinal);
            if (new FileInfo(at).LinkTarget is { } target)
            {
                through ??= within ? at[(Root.Length + 1)..] : null;
                at = Path.GetFullPath(target, Path.GetDirectoryName(at)!);
            }
        }
        var escaped = at.StartsWith(_prepared + "/", StringComparison.Ordinal) && _files.ContainsKey(at[(_prepared.Length + 1)..]);
        return escaped ? through : null;
    }
}
