using System.Collections.Concurrent;
using Suture.Build.Compile;
using Suture.Build.Match;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build;

/// <summary>
/// Compiles translation units as they are and compares every function with the kernel that was shipped: the
/// evidence that source, configuration and compiler here give the code that runs.
/// </summary>
public static class MatchSurvey
{
    /// <summary>A function that is not identical.</summary>
    public sealed record Exception(string Source, string Function, MatchState State, string Detail);

    /// <summary>What was compared.</summary>
    /// <param name="Units">Translation units compiled.</param>
    /// <param name="Functions">Functions in them.</param>
    /// <param name="Identical">Of these, identical to the shipped ones.</param>
    /// <param name="Exceptions">The others.</param>
    /// <param name="Failed">Units that do not compile, with the compiler's words.</param>
    public sealed record Report(int Units, int Functions, int Identical, IReadOnlyList<Exception> Exceptions, IReadOnlyList<string> Failed);

    /// <summary>
    /// Every unit (what runs before the kernel is data to it) whose source begins with one of <paramref name="prefixes"/> (all when empty), thinned evenly to at
    /// most <paramref name="limit"/>.
    /// </summary>
    public static List<CompileUnit> Choose(KernelBuild kernel, IReadOnlyList<string> prefixes, int limit)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        var units = kernel.Units.All
            .Where(u => !u.IsBeforeKernel)
            .Where(u => u.TreePath != "certs/blacklist_hashes.c") // includes a list that only a full build writes
            .Where(u => prefixes.Count == 0 || prefixes.Any(p => u.TreePath.StartsWith(p, StringComparison.Ordinal)))
            .OrderBy(u => u.TreePath, StringComparer.Ordinal).ToList();
        return units.Count <= limit ? units : [.. Enumerable.Range(0, limit).Select(i => units[(int)((long)i * units.Count / limit)])];
    }

    /// <summary>Compiles and compares <paramref name="units"/>, as many at a time as there are processors.</summary>
    public static async Task<Report> RunAsync(
        KernelBuild kernel, IReadOnlyList<CompileUnit> units, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(units);
        await CompilerCheck.RunAsync(kernel, cancellation);
        var work = Directory.CreateTempSubdirectory("suture-match-");
        try
        {
            var site = new SourceSite(kernel.SourceTree, kernel.WorkDirectory, units);
            var compiler = new UnitCompiler(site, work.FullName, []);
            var images = new TargetImages(kernel);
            var exceptions = new ConcurrentBag<Exception>();
            var failed = new ConcurrentBag<string>();
            int functions = 0, identical = 0, done = 0;
            await Parallel.ForEachAsync(units, cancellation, async (unit, stop) =>
            {
                progress?.Report(new ProgressReport("matching translation units", Interlocked.Increment(ref done), units.Count));
                var compiled = await compiler.OriginalAsync(unit, stop);
                if (compiled.Object is null)
                {
                    failed.Add($"{unit.Source}: {compiled.Errors.Split('\n')[0]}");
                    return;
                }
                var model = ObjectModel.Build(ElfObject.Read(await File.ReadAllBytesAsync(compiled.Object, stop), unit.Object));
                var image = images.Of(unit.Owner);
                var needed = model.Functions.Where(f => f.Symbol is not { Binding: SymbolBinding.Weak });
                var result = await UnitMatching.MatchAsync(image, model, needed, () => PlainObject.CompileAsync(site, unit, work.FullName, stop));
                foreach (var (function, match) in result.Functions)
                {
                    Interlocked.Increment(ref functions);
                    if (match.State == MatchState.Identical)
                    {
                        Interlocked.Increment(ref identical);
                    }
                    else
                    {
                        exceptions.Add(new Exception(unit.Source, function.Name, match.State, match.Detail));
                    }
                }
            });
            return new Report(units.Count, functions, identical,
                [.. exceptions.OrderBy(e => e.Source, StringComparer.Ordinal).ThenBy(e => e.Function, StringComparer.Ordinal)],
                [.. failed.Order(StringComparer.Ordinal)]);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }
}
