using Suture.Build.Patches;
using Suture.Build.Trees;

namespace Suture.Build.Compile;

/// <summary>Finds out what a patch concerns. Reads the tree, writes only the kernel's include graphs, compiles nothing.</summary>
public static class CompilePlanner
{
    /// <summary>Of a header with fewer includers, looking at them is cheaper than searching the tree for names.</summary>
    private const int FewIncluders = 40;

    /// <summary>Applies the patches in memory and finds the units they concern.</summary>
    public static CompilePlan Plan(SourceSite site, PatchSet patches, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(site);
        ArgumentNullException.ThrowIfNull(patches);
        var application = patches.Apply(path => Read(site.Tree, site.PatchRoot + path));
        application = application with { Files = [.. application.Files.Select(f => f.Below(site.PatchRoot))] };
        if (!application.Succeeded || application.Files.Count == 0)
        {
            return new CompilePlan(site, application, [], application.Unsupported);
        }
        var graph = IncludeGraph.Of(site, ct);
        var changed = application.Files.Select(f => f.Path).ToHashSet();
        var concerned = application.Files.Select(f => (File: f, By: Concerned(f, site, graph, ct))).ToList();
        var including = concerned.SelectMany(c => c.By).ToHashSet(StringComparer.Ordinal);
        // By names, too: a type that a unit mentions only now, in what is patched, is none that running code has of it, and compilers describe no types that are not used.
        var ofTypes = concerned.FindAll(c => TypeRelevance.MayChangeTypes(c.File));
        var seeingTypes = ofTypes.SelectMany(c => c.By).ToHashSet(StringComparer.Ordinal);
        // Who will include a new file cannot be known before it is there.
        var allSeeTypes = ofTypes.Exists(c => !graph.Contains(c.File.Path));
        var units = site.Units
            .Where(u => including.Contains(u.TreePath) && !u.IsBeforeKernel)
            .Select(u => new PlannedUnit(u, changed.Contains(u.TreePath) ? UnitReason.Source : UnitReason.Includes) { MaySeeOtherTypes = allSeeTypes || seeingTypes.Contains(u.TreePath) })
            .ToList();
        var assembly = IncludeGraph.OfAssembly(site, ct);
        return new CompilePlan(site, application, units,
            [.. application.Unsupported, .. NotBuilt(patches, application.Files, site, graph, assembly)])
        { SeenByAssembly = AssemblyConsumers.Seeing(application.Files, assembly) };
    }

    /// <summary>The files that include what changes, but for those to which names show that it means nothing.</summary>
    private static HashSet<string> Concerned(PatchedFile file, SourceSite site, IncludeGraph graph, CancellationToken ct)
    {
        var including = graph.IncludersOf([file.Path]);
        if (including.Count > FewIncluders && ChangedNames.FilesConcernedBy(file, site, graph, ct) is { } named)
        {
            including.IntersectWith(graph.IncludersOf(named));
        }
        return including;
    }

    private static IEnumerable<UnsupportedChange> NotBuilt(PatchSet patches, IReadOnlyList<PatchedFile> files, SourceSite site, IncludeGraph graph, IncludeGraph assembly)
    {
        var running = site.Units.Where(u => !u.IsBeforeKernel).Select(u => u.TreePath).ToHashSet(StringComparer.Ordinal);
        foreach (var file in files.Where(f => !f.IsNew && !assembly.Contains(f.Path)))
        {
            var why = !graph.Contains(file.Path) ? "this kernel is not built from it (another architecture, or configured out)"
                : !graph.IncludersOf([file.Path]).Overlaps(running) ? "it is code that runs before the kernel does (real mode, EFI stub, purgatory)"
                : null;
            if (why is not null)
            {
                var at = patches.FilePatches.FirstOrDefault(p => IsOf(p.NewName, file) || IsOf(p.OldName, file)) ?? patches.FilePatches.First();
                yield return new UnsupportedChange(UnsupportedKind.NotBuilt, false, at.PatchName, at.PatchLine, file.Path, why, "nothing to do: it is left out");
            }
        }
    }

    private static bool IsOf(string? name, PatchedFile file) => name is not null && Path.GetFileName(name) == Path.GetFileName(file.Path);

    private static byte[]? Read(string tree, string path)
    {
        var file = new FileInfo(Path.Combine(tree, path));
        return file.Exists && file.LinkTarget is null ? File.ReadAllBytes(file.FullName) : null;
    }
}
