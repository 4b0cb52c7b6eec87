using System.Collections.Concurrent;
using System.CommandLine;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Kernel;
using Suture.Lab;

namespace Suture.Campaigns.Coverage;

/// <summary>
/// What real changes become: each file that differs between two versions of the distribution's kernel is made a patch and
/// built for the older one; then each that needs others, with these. All modules are tried in the lab. The claim: of the .c
/// files that compile alone 95 % become a module, nothing crashes, and every module passes.
/// </summary>
internal static class CoverageCampaign
{
    private const int AtATime = 2;

    public static Command Command()
    {
        var old = new Argument<string>("OLD") { Description = "version of the kernel to patch, as 6.1.190-1" };
        var newer = new Argument<string>("NEW") { Description = "version that has the changes" };
        var flavour = new Option<string>("--kernel-flavour") { Description = "which kernel of OLD", HelpName = "NAME", DefaultValueFactory = _ => "cloud-amd64" };
        var output = new Option<DirectoryInfo>("--output", "-o") { Description = "where patches, modules and coverage.json go", HelpName = "DIR", Required = true };
        var sources = new Option<string[]>("--source") { Description = "only files whose path begins so", HelpName = "PREFIX", AllowMultipleArgumentsPerToken = true };
        var most = Campaign.NumberOption("--files", "at most N .c files and N headers, evenly chosen", int.MaxValue);
        var limit = Campaign.NumberOption("--limit", "seconds a build may take", 600);
        var mostUnits = Campaign.NumberOption("--most-units", "units that a changed header may concern; wider ones are refused, SUT0405", 200);
        var noGroups = new Option<bool>("--no-groups") { Description = "only one .c file at a time" };
        var noLab = new Option<bool>("--no-lab") { Description = "build only" };
        var json = Campaign.JsonOption();
        var command = new Command("coverage", "build every change between two versions of the distribution's kernel")
            { old, newer, flavour, output, sources, most, limit, mostUnits, noGroups, noLab, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var progress = new ProgressLines("coverage");
            var version = parsed.GetRequiredValue(old);
            var kernel = await KernelOfAsync(version, parsed.GetRequiredValue(flavour), progress, cancellation);
            var tree = await KernelSource.GetAsync(KernelCache.Default.Layout, parsed.GetRequiredValue(newer), kernel.Config, progress, cancellation);
            progress.Note($"comparing {kernel.Release} with {tree}");
            var files = ChangedFiles.Find(kernel, tree, cancellation);
            progress.Note($"{files.Sources.Count} changed .c files, {files.Headers.Count} changed headers");
            var directory = parsed.GetRequiredValue(output).FullName;
            Directory.CreateDirectory(directory);

            using var build = new PatchBuild(kernel, files, directory, TimeSpan.FromSeconds(parsed.GetValue(limit)), parsed.GetValue(mostUnits));
            bool Wanted(string path) => parsed.GetValue(sources) is not { Length: > 0 } prefixes || prefixes.Any(p => path.StartsWith(p, StringComparison.Ordinal));
            var wanted = Thin([.. files.Sources.Where(Wanted)], parsed.GetValue(most));
            var report = new CoverageReport(version, parsed.GetRequiredValue(newer), kernel.Release, files.Sources.Count, files.Headers.Count, files.AddedSources, []);
            // A run takes long: what is known so far is on disk at any time.
            void Finished(CoverageRow row)
            {
                report = report with { Rows = [.. report.Rows, row] };
                Save(directory, report);
                if (row.Outcome is not ("built" or "nothing-changed" or "does-not-compile"))
                {
                    progress.Note($"{row.Files[0]}: {row.Outcome} {row.Codes} {row.Fault?.Split('\n')[0] ?? row.Findings.FirstOrDefault(f => f.Severity == "error")?.Message}");
                }
            }

            await AloneAsync(build, wanted, progress, Finished, cancellation);
            if (!parsed.GetValue(noGroups))
            {
                var headers = Thin([.. files.Headers.Where(Wanted)], parsed.GetValue(most));
                await GroupsAsync(build, files, [.. report.Rows], headers, progress, Finished, cancellation);
            }
            report = report with { Rows = [.. report.Rows.OrderBy(r => r.Name, StringComparer.Ordinal)] };
            Save(directory, report);
            if (!parsed.GetValue(noLab))
            {
                report = report with { Rows = await TryAsync(LabKernel.From(kernel), build, report.Rows, progress, cancellation) };
                Save(directory, report);
            }
            if (parsed.GetValue(json))
            {
                Campaign.Print(report, CoverageJson.Default.CoverageReport);
            }
            else
            {
                report.PrintMarkdown(Console.Out);
            }
            return report.Holds ? Campaign.Holds : Campaign.Fails;
        });
        return command;
    }

    /// <summary>The kernel of that version, looked up in the cache, then in the archive.</summary>
    private static async Task<KernelBuild> KernelOfAsync(string version, string flavour, ProgressLines progress, CancellationToken cancellation)
    {
        var cache = KernelCache.Default;
        if (cache.Cached.LastOrDefault(k => k.PackageVersion == version && k.Release.EndsWith("-" + flavour, StringComparison.Ordinal)) is { } cached)
        {
            return cached;
        }
        var offered = await KernelArchive.ListAsync(cache.Layout, progress, cancellation);
        var match = offered.LastOrDefault(k => k.Version == version && k.Complete && k.Release.EndsWith("-" + flavour, StringComparison.Ordinal)
            && !k.Release.EndsWith("-rt-" + flavour, StringComparison.Ordinal));
        return match is not null
            ? await cache.GetAsync(match.Release, progress, cancellation)
            : throw new KernelException($"the archive has no {flavour} kernel of version {version}",
                $"there are: {string.Join(", ", offered.Where(k => k.Complete).Select(k => k.Version).Distinct())}", KernelFault.NotFound);
    }

    private static List<string> Thin(List<string> all, int most) =>
        all.Count <= most ? all : [.. Enumerable.Range(0, most).Select(i => all[(int)((long)i * all.Count / most)])];

    private static async Task AloneAsync(
        PatchBuild build, List<string> sources, ProgressLines progress, Action<CoverageRow> finished, CancellationToken cancellation)
    {
        var done = 0;
        var order = new Lock();
        await ForEachAsync(sources.Count, cancellation, async i =>
        {
            var row = await build.RunAsync($"alone_{i:d4}", "alone", [sources[i]], cancellation);
            lock (order)
            {
                finished(row);
            }
            progress.Report(new ProgressReport("building one .c file at a time", Interlocked.Increment(ref done), sources.Count));
        });
    }

    /// <summary>Groups for what lacks something alone, and for each header that is in none of these.</summary>
    private static async Task GroupsAsync(
        PatchBuild build, ChangedFiles files, IReadOnlyList<CoverageRow> alone, List<string> headers, ProgressLines progress, Action<CoverageRow> finished,
        CancellationToken cancellation)
    {
        var patches = new ConcurrentDictionary<string, Change>(StringComparer.Ordinal);
        foreach (var path in files.Sources.Concat(files.Headers))
        {
            patches[path] = await FileChange.OfAsync(files, path, cancellation);
        }
        var growth = new GroupGrowth(files.IsNew, files.Includes, patches);
        var groups = new Dictionary<string, CoverageRow>(StringComparer.Ordinal);
        var number = 0;
        await GrowAsync([.. alone.Where(r => r.Lacking is not null).Select(r => r.Files)], "building .c files with what they need");
        // A new header alone concerns nobody.
        await GrowAsync([.. headers.Where(h => !files.IsNew(h) && !groups.Values.Any(g => g.Files.Contains(h))).Select(h => (IReadOnlyList<string>)[h])],
            "building headers with what needs them");

        async Task GrowAsync(IReadOnlyList<IReadOnlyList<string>> seeds, string stage)
        {
            var done = 0;
            await ForEachAsync(seeds.Count, cancellation, async i =>
            {
                var name = $"group_{Interlocked.Increment(ref number):d4}";
                var row = await growth.RunAsync(seeds[i], paths => build.RunAsync(name, "group", paths, cancellation), r => r.Lacking);
                progress.Report(new ProgressReport(stage, Interlocked.Increment(ref done), seeds.Count));
                lock (groups)
                {
                    // Several files may need each other: one patch then.
                    if (groups.TryAdd(string.Join('\n', row.Files.Order(StringComparer.Ordinal)), row))
                    {
                        finished(row);
                    }
                }
            });
        }
    }

    private static async Task<IReadOnlyList<CoverageRow>> TryAsync(
        LabKernel kernel, PatchBuild build, IReadOnlyList<CoverageRow> rows, ProgressLines progress, CancellationToken cancellation)
    {
        var modules = rows.Where(r => r.Outcome == "built").Select(r => build.ModulePath(r.Name)).ToList();
        var trials = await LabBatch.RunAsync(new LabBatchRequest { Kernel = kernel, Modules = modules },
            new Watcher(progress, modules.Count), cancellation);
        var byPath = trials.ToDictionary(t => t.Module);
        return [.. rows.Select(r => byPath.TryGetValue(build.ModulePath(r.Name), out var trial) && r.Outcome == "built"
            ? r with { Trial = new CoverageTrial(trial.Verdict == LabVerdict.Passed, trial.Detail) }
            : r)];
    }

    private sealed class Watcher(ProgressLines progress, int total) : IProgress<LabBatchVerdict>
    {
        private int _done;

        public void Report(LabBatchVerdict value)
        {
            progress.Report(new ProgressReport("trying modules in the lab", ++_done, total));
            if (value.Verdict == LabVerdict.Failed)
            {
                progress.Note($"{Path.GetFileName(value.Module)}: {value.Detail}");
            }
        }
    }

    private static Task ForEachAsync(int count, CancellationToken cancellation, Func<int, Task> job) =>
        Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellation },
            async (i, _) => await job(i));

    private static void Save(string directory, CoverageReport report)
    {
        var path = Path.Combine(directory, "coverage.json");
        File.WriteAllText(path + ".tmp", Campaign.ToJson(report, CoverageJson.Default.CoverageReport));
        File.Move(path + ".tmp", path, overwrite: true);
    }
}
