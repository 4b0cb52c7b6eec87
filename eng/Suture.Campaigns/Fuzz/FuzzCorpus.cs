using System.Text;
using Suture.Build;
using Suture.Build.Compile;
using Suture.Kernel;

namespace Suture.Campaigns.Fuzz;

/// <summary>What is damaged: small objects of a real kernel, and a livepatch module for it.</summary>
internal static class FuzzCorpus
{
    private const int Candidates = 40;
    private const int Objects = 12;
    private const int MostBytes = 64 * 1024;

    /// <summary>Writes the objects into <paramref name="directory"/>.</summary>
    public static async Task MakeAsync(KernelBuild kernel, string directory, IProgress<ProgressReport> progress, CancellationToken cancellation)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
        Directory.CreateDirectory(directory);
        progress.Report(new ProgressReport("compiling objects to damage"));
        var units = MatchSurvey.Choose(kernel, ["kernel/", "fs/", "net/", "mm/"], Candidates);
        var site = new SourceSite(kernel.SourceTree, kernel.WorkDirectory, units);
        var work = Directory.CreateTempSubdirectory("suture-fuzz-");
        try
        {
            var compiler = new UnitCompiler(site, work.FullName, []);
            var kept = 0;
            foreach (var unit in units)
            {
                if (kept < Objects && (await compiler.OriginalAsync(unit, cancellation)).Object is { } compiled && new FileInfo(compiled).Length <= MostBytes)
                {
                    File.Copy(compiled, Path.Combine(directory, $"{kept++:d2}-{unit.TreePath.Replace('/', '-')}.o"));
                }
            }
        }
        finally
        {
            work.Delete(recursive: true);
        }
        await File.WriteAllBytesAsync(Path.Combine(directory, "module.o"), await ModuleAsync(kernel, cancellation), cancellation);
    }

    /// <summary>A livepatch that changes one text of /proc/meminfo.</summary>
    private static async Task<byte[]> ModuleAsync(KernelBuild kernel, CancellationToken cancellation)
    {
        const string source = "fs/proc/meminfo.c";
        var lines = await File.ReadAllLinesAsync(Path.Combine(kernel.SourceTree, source), cancellation);
        var at = Array.FindIndex(lines, l => l.Contains("\"MemTotal:", StringComparison.Ordinal));
        var patch = new StringBuilder($"--- a/{source}\n+++ b/{source}\n@@ -{at + 1},1 +{at + 1},1 @@\n")
            .Append('-').Append(lines[at]).Append("\n+").Append(lines[at].Replace("MemTotal:", "MEMTOTAL:", StringComparison.Ordinal)).Append('\n');
        var result = await LivepatchBuilder.RunAsync(
            new BuildRequest { Kernel = kernel, Name = "fuzz", Patches = [("meminfo.patch", Encoding.UTF8.GetBytes(patch.ToString()))] }, null, cancellation);
        return result.Module ?? throw new IOException($"no module of {source}: {result.Status}: {string.Join("; ", result.Findings.Select(f => f.Message))}");
    }
}
