using System.Collections.Concurrent;
using Suture.Build;
using Suture.Build.Compile;
using Suture.Campaigns.SelfDiff;
using Suture.Kernel;

namespace Suture.Campaigns.Bench;

/// <summary>Pairs of a kernel's objects, original and with one function changed, made once and kept.</summary>
internal static class ObjectPairs
{
    /// <summary>A pair on disk.</summary>
    public sealed record Pair(string Source, string Original, string Patched);

    /// <summary>At least <paramref name="count"/> pairs in <paramref name="directory"/>, of units spread evenly over the tree.</summary>
    public static async Task<IReadOnlyList<Pair>> MakeAsync(
        KernelBuild kernel, int count, string directory, IProgress<ProgressReport> progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(directory);
        // Some units have no function to change, or one whose change does not compile.
        var units = MatchSurvey.Choose(kernel, [], count + count / 4);
        var site = new SourceSite(kernel.SourceTree, kernel.WorkDirectory, units);
        var work = Directory.CreateTempSubdirectory("suture-bench-");
        try
        {
            var compiler = new UnitCompiler(site, work.FullName, []);
            var pairs = new ConcurrentDictionary<int, Pair>();
            var done = 0;
            await Parallel.ForEachAsync(Enumerable.Range(0, units.Count), Parallelism.Options(cancellation), async (i, stop) =>
            {
                if (await OneAsync(site, compiler, units[i], directory, stop) is { } pair)
                {
                    pairs[i] = pair;
                }
                progress.Report(new ProgressReport("compiling pairs", Interlocked.Increment(ref done), units.Count));
            });
            return [.. pairs.OrderBy(p => p.Key).Select(p => p.Value).Take(count)];
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static async Task<Pair?> OneAsync(SourceSite site, UnitCompiler compiler, CompileUnit unit, string directory, CancellationToken cancellation)
    {
        var name = Path.Combine(directory, unit.TreePath.Replace('/', '-'));
        var pair = new Pair(unit.Source, name + ".original.o", name + ".patched.o");
        if (File.Exists(pair.Patched))
        {
            return pair;
        }
        if (File.Exists(name + ".none")
            || ChangedFunction.In(await File.ReadAllBytesAsync(Path.Combine(site.Tree, unit.TreePath), cancellation)) is null
            || (await compiler.OriginalAsync(unit, cancellation)).Object is not { } original
            || (await ShiftedUnit.CompileAsync(site, unit, source => ChangedFunction.In(source)!, cancellation)).Object is not { } patched)
        {
            await File.WriteAllTextAsync(name + ".none", "", cancellation);
            return null;
        }
        File.Copy(original, pair.Original, overwrite: true);
        await File.WriteAllBytesAsync(pair.Patched + ".tmp", patched, cancellation);
        File.Move(pair.Patched + ".tmp", pair.Patched, overwrite: true);
        return pair;
    }
}
