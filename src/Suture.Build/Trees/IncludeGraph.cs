using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Suture.Build.Compile;

namespace Suture.Build.Trees;

/// <summary>Which files of a kernel's tree include which, and so which units a changed file may concern.</summary>
public sealed class IncludeGraph
{
    private readonly string[] _files;
    private readonly int[][] _includers;
    private readonly Dictionary<string, int> _index;

    private IncludeGraph(string[] files, int[][] includers)
    {
        (_files, _includers) = (files, includers);
        _index = new(files.Length);
        for (var i = 0; i < files.Length; i++)
        {
            _index.Add(files[i], i);
        }
    }

    /// <summary>Files that units are made of, by path.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Number of files that units are made of.</summary>
    public int Count => _files.Length;

    /// <summary>The graph of a kernel: from its work directory when a build has made it before, else by reading the tree once.</summary>
    public static IncludeGraph Of(SourceSite site, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(site);
        return Of(site, "include-graph", () => Scan(site, site.Units.Select(u => u.TreePath), withForced: true, text => text, ct));
    }

    /// <summary>The graph of the assembly sources that the kernel may be built from, kept in the same way: which of them, linker scripts among them, see which headers.</summary>
    public static IncludeGraph OfAssembly(SourceSite site, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(site);
        return Of(site, "assembly-graph", () => Scan(site, AssemblySources(site), withForced: false, text => Encoding.Latin1.GetBytes(AssemblyText.Visible(text)), ct));
    }

    /// <summary>
    /// Whether the kernel may be built from an assembly file, of which its compile database says nothing: it lies beside C sources that it is built from, and is not for 32 bits by its name.
    /// </summary>
    public static bool MayBeBuilt(string path, IReadOnlySet<string> builtDirectories)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(builtDirectories);
        return builtDirectories.Contains(Path.GetDirectoryName(path) ?? "") && !path.EndsWith("_32.S", StringComparison.Ordinal);
    }

    // The 32-bit vDSO is compiled as what runs before the kernel is, and goes on running.
    private static IEnumerable<string> AssemblySources(SourceSite site)
    {
        var built = site.Units.Where(u => !u.IsBeforeKernel || u.TreePath.Contains("/vdso/", StringComparison.Ordinal)).Select(u => Path.GetDirectoryName(u.TreePath) ?? "").ToHashSet(StringComparer.Ordinal);
        return built.Where(d => Directory.Exists(Path.Combine(site.Tree, d)))
            .SelectMany(d => Directory.EnumerateFiles(Path.Combine(site.Tree, d), "*.S").Select(f => d.Length == 0 ? Path.GetFileName(f) : $"{d}/{Path.GetFileName(f)}"))
            .Where(f => MayBeBuilt(f, built));
    }

    private static IncludeGraph Of(SourceSite site, string name, Func<IncludeGraph> scan)
    {
        var key = Key(site);
        var cache = Path.Combine(site.WorkDirectory, name);
        if (IncludeGraphFile.TryRead(cache, key) is { } stored)
        {
            return new IncludeGraph(stored.Files, stored.Includers);
        }
        var graph = scan();
        Directory.CreateDirectory(site.WorkDirectory);
        IncludeGraphFile.Write(cache, key, graph._files, graph._includers);
        return graph;
    }

    /// <summary>Whether any unit may be made of the file.</summary>
    public bool Contains(string path) => _index.ContainsKey(path);

    /// <summary>All files, the given ones among them, that include one of <paramref name="paths"/>, directly or through others.</summary>
    public HashSet<string> IncludersOf(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var seen = new HashSet<int>();
        var todo = new Stack<int>(paths.Where(_index.ContainsKey).Select(p => _index[p]));
        while (todo.TryPop(out var file))
        {
            if (seen.Add(file))
            {
                foreach (var includer in _includers[file])
                {
                    todo.Push(includer);
                }
            }
        }
        return [.. seen.Select(i => _files[i])];
    }

    private static byte[] Key(SourceSite site)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(site.Tree));
        foreach (var unit in site.Units)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(unit.TreePath));
            hash.AppendData([(byte)'\n']);
        }
        return hash.GetHashAndReset();
    }

    private static IncludeGraph Scan(SourceSite site, IEnumerable<string> roots, bool withForced, Func<byte[], byte[]> visible, CancellationToken ct)
    {
        var resolver = new IncludeResolver(site.Tree, site.Units);
        var scans = new ConcurrentDictionary<string, IncludeScan>();
        var forced = !withForced ? [] : site.Units.SelectMany(u => CompilerCommand.Includes(u).Files).Distinct()
            .Select(resolver.InTree).OfType<string>().ToArray();
        var edges = new ConcurrentDictionary<(string Includer, string File), byte>();
        var frontier = roots.Concat(forced).ToHashSet();
        var options = new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = Environment.ProcessorCount };
        while (frontier.Count > 0)
        {
            var next = new ConcurrentDictionary<string, byte>();
            Parallel.ForEach(frontier, options, file =>
            {
                var full = Path.Combine(site.Tree, file);
                var scan = IncludeScan.Of(File.Exists(full) ? visible(File.ReadAllBytes(full)) : []);
                scans[file] = scan;
                foreach (var (name, quoted) in scan.Includes)
                {
                    Link(file, name, quoted, next);
                }
            });
            frontier = [.. next.Keys.Where(f => !scans.ContainsKey(f))];
            if (frontier.Count == 0)
            {
                // Once all plain includes are known: a macro may stand for any name that a file defines it as.
                LinkMacros(next);
                frontier = [.. next.Keys.Where(f => !scans.ContainsKey(f))];
            }
        }
        foreach (var unit in site.Units)
        {
            foreach (var file in forced)
            {
                edges.TryAdd((unit.TreePath, file), 0);
            }
        }
        return FromEdges(scans.Keys, edges.Keys);

        void Link(string file, string name, bool quoted, ConcurrentDictionary<string, byte> next)
        {
            foreach (var included in resolver.Resolve(file, name, quoted))
            {
                edges.TryAdd((file, included), 0);
                next.TryAdd(included, 0);
            }
        }

        void LinkMacros(ConcurrentDictionary<string, byte> next)
        {
            var defines = scans.SelectMany(s => s.Value.Defines.Select(d => (s.Key, d))).ToLookup(x => x.d.Macro);
            foreach (var (file, scan) in scans)
            {
                foreach (var (definer, define) in scan.Macros.SelectMany(m => defines[m]))
                {
                    // The name may be sought beside either.
                    Link(file, define.Name, define.Quoted, next);
                    foreach (var included in resolver.Resolve(definer, define.Name, define.Quoted))
                    {
                        edges.TryAdd((file, included), 0);
                        next.TryAdd(included, 0);
                    }
                }
            }
        }
    }

    private static IncludeGraph FromEdges(IEnumerable<string> names, IEnumerable<(string Includer, string File)> edges)
    {
        var files = names.Order(StringComparer.Ordinal).ToArray();
        var index = files.Select((f, i) => (f, i)).ToDictionary(x => x.f, x => x.i);
        var includers = files.Select(_ => new List<int>()).ToArray();
        foreach (var (includer, file) in edges)
        {
            if (index.TryGetValue(file, out var to) && index.TryGetValue(includer, out var from))
            {
                includers[to].Add(from);
            }
        }
        return new IncludeGraph(files, [.. includers.Select(l => l.Order().ToArray())]);
    }
}
