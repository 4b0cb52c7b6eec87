using System.Collections.Concurrent;
using Suture.Build.Compile;
using Suture.Build.Patches;
using Suture.Build.Trees;
using Suture.Kernel;

namespace Suture.CatchUp.Difference;

/// <summary>What differs between a kernel's tree and a newer source, as far as the kernel is built from it.</summary>
public sealed class ChangedFiles
{
    private readonly ConcurrentDictionary<string, HashSet<string>> _includers = new(StringComparer.Ordinal);
    private readonly IncludeGraph _graph;

    private ChangedFiles(string oldTree, string newTree, IncludeGraph graph, List<string> sources, List<string> headers, List<string> assembly, List<string> added, List<string> gone, int others)
    {
        (OldTree, NewTree, _graph, Sources, Headers, Assembly, AddedSources, GoneSources, OtherChanged) = (oldTree, newTree, graph, sources, headers, assembly, added, gone, others);
    }

    /// <summary>The prepared tree of the kernel to patch.</summary>
    public string OldTree { get; }

    /// <summary>The newer source.</summary>
    public string NewTree { get; }

    /// <summary>Changed .c files that the kernel is built from, by path.</summary>
    public IReadOnlyList<string> Sources { get; }

    /// <summary>Changed headers that the kernel is built from, and new ones that it may include.</summary>
    public IReadOnlyList<string> Headers { get; }

    /// <summary>Changed .S files that the kernel may be built from, by path. They cannot be patched live, and the report must tell of them.</summary>
    public IReadOnlyList<string> Assembly { get; }

    /// <summary>.c files that the older version does not have: nothing builds them there.</summary>
    public IReadOnlyList<string> AddedSources { get; }

    /// <summary>.c files that the kernel is built from and the newer source does not have: moved or removed there, by path. What became of their code nothing tells.</summary>
    public IReadOnlyList<string> GoneSources { get; }

    /// <summary>How many other sources and headers differ: those of other architectures, drivers and options, and new sources.</summary>
    public int OtherChanged { get; }

    /// <summary>Compares the trees. Generated files are never taken for changed: they say how a tree was configured, also where the newer one was built in.</summary>
    public static ChangedFiles Find(KernelBuild kernel, string newTree, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        var site = new SourceSite(kernel.SourceTree, kernel.WorkDirectory, [.. kernel.Units.All]);
        var (graph, assemblyGraph) = (IncludeGraph.Of(site, cancellation), IncludeGraph.OfAssembly(site, cancellation));
        var (sources, headers, assembly, added) = (new List<string>(), new List<string>(), new List<string>(), new List<string>());
        var generated = new GeneratedSources(kernel.SourceTree);
        var others = 0;
        var units = kernel.Units.All.Select(u => u.TreePath).ToHashSet(StringComparer.Ordinal);
        var built = units.Select(u => Path.GetDirectoryName(u) ?? "").ToHashSet(StringComparer.Ordinal);
        var around = built.SelectMany(Upwards).ToHashSet(StringComparer.Ordinal);
        // A file that cannot be read may be a fix.
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        foreach (var file in Directory.EnumerateFiles(newTree, "*", options))
        {
            cancellation.ThrowIfCancellationRequested();
            var extension = Path.GetExtension(file);
            if (extension is not (".c" or ".h" or ".S"))
            {
                continue;
            }
            var path = Path.GetRelativePath(newTree, file);
            var old = Path.Combine(kernel.SourceTree, path);
            if (!File.Exists(old))
            {
                if (generated.Contains(path))
                {
                    continue;
                }
                if (extension == ".h" && MayBeIncluded(path, around))
                {
                    headers.Add(path);
                }
                else
                {
                    others++;
                    added.AddRange(extension == ".c" ? [path] : []);
                }
            }
            else if (!HaveSameBytes(old, file) && !generated.Contains(path))
            {
                if (extension == ".S" && IncludeGraph.MayBeBuilt(path, built))
                {
                    assembly.Add(path);
                }
                else if (graph.Contains(path) || assemblyGraph.Contains(path))
                {
                    (extension == ".c" ? sources : headers).Add(path);
                }
                else
                {
                    others++;
                }
            }
        }
        var gone = units.Where(u => !File.Exists(Path.Combine(newTree, u)) && !generated.Contains(u)).ToList();
        foreach (var list in (List<string>[])[sources, headers, assembly, added, gone])
        {
            list.Sort(StringComparer.Ordinal);
        }
        return new ChangedFiles(kernel.SourceTree, newTree, graph, sources, headers, assembly, added, gone, others);
    }

    /// <summary>
    /// Whether something that the kernel is built from may include a new header. A full checkout has thousands that the prepared tree leaves out, of other architectures
    /// and of a driver that is not among <paramref name="around"/>, the directories with built sources and all above them.
    /// </summary>
    internal static bool MayBeIncluded(string path, IReadOnlySet<string> around) =>
        !ChangeClassifier.IsNotCode(path) && !ChangeClassifier.IsElsewhere(path, _ => around.Contains("drivers/gpu/drm/amd"));

    /// <summary>A directory of the tree and all above it.</summary>
    internal static IEnumerable<string> Upwards(string directory)
    {
        for (var at = directory; at.Length > 0; at = Path.GetDirectoryName(at) ?? "")
        {
            yield return at;
        }
    }

    /// <summary>Whether the older version has the file.</summary>
    public bool IsNew(string path) => !File.Exists(Path.Combine(OldTree, path));

    /// <summary>How many files include <paramref name="header"/>, directly or not.</summary>
    internal int IncluderCount(string header) => IncludersOf(header).Count - 1;

    /// <summary>Whether <paramref name="file"/> includes <paramref name="header"/>, directly or not.</summary>
    public bool Includes(string file, string header) => IncludersOf(header).Contains(file);

    /// <summary>How far <paramref name="names"/> are spread over what the kernel is built from.</summary>
    internal NameSpread SpreadOf(IReadOnlySet<string> names, CancellationToken cancellation) => NameSpread.Of(names, OldTree, _graph.Files, cancellation);

    private HashSet<string> IncludersOf(string header) => _includers.GetOrAdd(header, h => _graph.IncludersOf([h]));

    private static bool HaveSameBytes(string a, string b) =>
        new FileInfo(a).Length == new FileInfo(b).Length && File.ReadAllBytes(a).AsSpan().SequenceEqual(File.ReadAllBytes(b));
}
