using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using Suture.Build;
using Suture.Build.Compile;
using Suture.Diff;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Campaigns.SelfDiff;

/// <summary>
/// No change where nothing changed: each unit's object is diffed with itself and with a re-compile after ten blank lines
/// were put before its source. The claim: every pair is unchanged, nothing throws.
/// </summary>
internal static class SelfDiffCampaign
{
    public static Command Command()
    {
        var kernel = Campaign.KernelOption();
        var units = Campaign.NumberOption("--units", "how many units, evenly chosen", 1500);
        var sources = new Option<string[]>("--source") { Description = "only units whose source begins so", HelpName = "PREFIX", AllowMultipleArgumentsPerToken = true };
        var compiler = new Option<string?>("--compiler") { Description = "another compiler than the kernel's, as clang-16", HelpName = "PROGRAM" };
        var json = Campaign.JsonOption();
        var command = new Command("self-diff", "diff objects with themselves and with a re-compile of the source ten lines lower") { kernel, units, sources, compiler, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var progress = new ProgressLines("self-diff");
            var target = await KernelArgument.ResolveAsync(parsed.GetRequiredValue(kernel), progress, cancellation);
            var chosen = MatchSurvey.Choose(target, parsed.GetValue(sources) ?? [], parsed.GetValue(units));
            if (parsed.GetValue(compiler) is { } program)
            {
                chosen = chosen.ConvertAll(u => OtherCompiler.Of(u, program));
            }
            else
            {
                await CompilerCheck.RunAsync(target, cancellation);
            }
            var report = await RunAsync(target, chosen, progress, cancellation);
            if (parsed.GetValue(json))
            {
                Campaign.Print(report, SelfDiffJson.Default.SelfDiffReport);
            }
            else
            {
                report.PrintMarkdown(Console.Out);
            }
            return report.Holds ? Campaign.Holds : Campaign.Fails;
        });
        return command;
    }

    private static async Task<SelfDiffReport> RunAsync(KernelBuild kernel, List<CompileUnit> units, ProgressLines progress, CancellationToken cancellation)
    {
        var site = new SourceSite(kernel.SourceTree, kernel.WorkDirectory, units);
        var work = Directory.CreateTempSubdirectory("suture-self-diff-");
        try
        {
            var compiler = new UnitCompiler(site, work.FullName, []);
            var tally = new Tally();
            var done = 0;
            // One unit's objects per processor are in memory at a time, however many units there are.
            await Parallel.ForEachAsync(units, Parallelism.Options(cancellation), async (unit, stop) =>
            {
                await OneAsync(site, compiler, unit, tally, stop);
                progress.Report(new ProgressReport("compiling and diffing units", Interlocked.Increment(ref done), units.Count));
            });
            return tally.Report(kernel.Release, units.Count);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static async Task OneAsync(SourceSite site, UnitCompiler compiler, CompileUnit unit, Tally tally, CancellationToken cancellation)
    {
        var compiled = await compiler.OriginalAsync(unit, cancellation);
        if (compiled.Object is null)
        {
            tally.DoesNotCompile(unit, compiled.Errors);
            return;
        }
        var original = await File.ReadAllBytesAsync(compiled.Object, cancellation);
        tally.Diff(unit, "itself", original, original);
        var (shifted, errors) = await ShiftedUnit.CompileAsync(site, unit, ShiftedUnit.TenBlankLines, cancellation);
        if (shifted is null)
        {
            tally.DoesNotCompile(unit, errors);
            return;
        }
        tally.Diff(unit, "shifted", original, shifted);
    }

    /// <summary>Diffs pairs and keeps what there is to say about them; used from several threads.</summary>
    private sealed class Tally
    {
        private readonly ConcurrentBag<SelfDiffException> _exceptions = [];
        private readonly ConcurrentBag<string> _notCompiled = [];
        private readonly Lock _lock = new();
        private int _itself, _shifted, _unchanged;
        private (long Ms, string Source) _slowest = (0, "");

        public void DoesNotCompile(CompileUnit unit, string errors) => _notCompiled.Add($"{unit.Source}: {errors.Split('\n')[0]}");

        public void Diff(CompileUnit unit, string pair, byte[] original, byte[] patched)
        {
            var clock = Stopwatch.StartNew();
            SelfDiffException? exception;
            try
            {
                exception = Judge(unit, pair, Differ.Run(ElfObject.Read(original, unit.Object), ElfObject.Read(patched, unit.Object)));
            }
            // A defect in the engine is what this campaign looks for: it is recorded, and the next unit goes on.
            catch (Exception e)
            {
                exception = new SelfDiffException(unit.Source, pair, "crash", [], [], [e.ToString()]);
            }
            lock (_lock)
            {
                _ = pair == "itself" ? _itself++ : _shifted++;
                _unchanged += exception is null ? 1 : 0;
                _slowest = clock.ElapsedMilliseconds > _slowest.Ms ? (clock.ElapsedMilliseconds, unit.Source) : _slowest;
            }
            if (exception is not null)
            {
                _exceptions.Add(exception);
            }
        }

        private static SelfDiffException? Judge(CompileUnit unit, string pair, DiffResult diff) =>
            diff.Verdict == Verdict.Unchanged && diff.Functions.Count == 0 && diff.Data.Count == 0
                ? null
                : new SelfDiffException(unit.Source, pair, diff.Verdict.ToString().ToLowerInvariant(),
                    [.. diff.Functions.Select(f => $"{f.Element.Name} ({f.Change})")], [.. diff.Data.Select(d => $"{d.Element.Name} ({d.Change})")],
                    [.. diff.Findings.Where(f => f.Code != "SUT0101").Select(f => $"{f.Code} {f.Message}")]);

        public SelfDiffReport Report(string kernel, int units) => new(kernel, units, _itself, _shifted, _unchanged, _slowest.Ms, _slowest.Source,
            [.. _exceptions.OrderBy(e => e.Source, StringComparer.Ordinal).ThenBy(e => e.Pair, StringComparer.Ordinal)],
            [.. _notCompiled.Order(StringComparer.Ordinal)]);
    }
}
