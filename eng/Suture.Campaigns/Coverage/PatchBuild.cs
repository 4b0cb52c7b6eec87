using System.Diagnostics;
using System.Text;
using Suture.Build;
using Suture.Build.Compile;
using Suture.Build.Trees;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
using Suture.Kernel;

namespace Suture.Campaigns.Coverage;

/// <summary>Builds a livepatch from the differences of some files, within a time limit, and records the outcome whatever it is.</summary>
internal sealed class PatchBuild(KernelBuild kernel, ChangedFiles files, string directory, TimeSpan limit, int mostUnits) : IDisposable
{
    private readonly ShadowPool _shadows = new(kernel.SourceTree);
    private readonly HashSet<string> _sources = [.. files.Sources];

    /// <summary>What a build that does not heed its cancellation gets on top.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    /// <inheritdoc/>
    public void Dispose() => _shadows.Dispose();

    /// <summary>Where the module of that name lies once built.</summary>
    public string ModulePath(string name) => Path.Combine(directory, $"suture_{name}.ko");

    /// <summary>Builds, writes patch and module into the directory, and says what came of it.</summary>
    public async Task<CoverageRow> RunAsync(string name, string kind, IReadOnlyList<string> paths, CancellationToken cancellation)
    {
        var patch = new MemoryStream();
        foreach (var path in paths)
        {
            patch.Write((await FileChange.OfAsync(files, path, cancellation)).Patch);
        }
        await File.WriteAllBytesAsync(Path.Combine(directory, name + ".patch"), patch.ToArray(), cancellation);
        var request = new BuildRequest
        {
            Kernel = kernel,
            Name = name,
            Patches = [(name + ".patch", patch.ToArray())],
            MostUnits = mostUnits,
            // As catch-up builds its hundreds: what does not compile is known soon, and objects that groups share are compiled once.
            IsOneOfMany = true,
            TriedFirst = _sources,
            ExplainErrors = kind == "group",
            Keep = KeptObjects.Includers,
            Shadows = _shadows,
        };

        var clock = Stopwatch.StartNew();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stop.CancelAfter(limit);
        // On a thread of its own: one that never comes back is left behind, and the campaign goes on.
        var build = Task.Run(() => LivepatchBuilder.RunAsync(request, null, stop.Token), CancellationToken.None);
        try
        {
            if (await Task.WhenAny(build, Task.Delay(limit + Grace, cancellation)) != build)
            {
                cancellation.ThrowIfCancellationRequested();
                return Row("timed-out", $"not over {Grace.TotalSeconds} s after it was told to stop at {limit.TotalSeconds} s");
            }
            var result = await build;
            if (result.Module is { } module)
            {
                await File.WriteAllBytesAsync(ModulePath(name), module, cancellation);
            }
            var errors = result.Findings.Where(f => f.Severity == Severity.Error).ToList();
            return Row(Outcome(result.Status), null) with
            {
                IsPatchableButForTypes = kind == "alone" && result.Status == BuildStatus.Refused && errors.TrueForAll(f => f.Code.StartsWith("SUT05", StringComparison.Ordinal))
                    && await WithoutTypes.IsPatchableAsync(kernel, patch.ToArray(), _shadows, stop.Token),
                Lacking = GroupGrowth.LacksSomething(result.Status == BuildStatus.DoesNotCompile, result.Findings) ? result.Findings : null,
                Findings = [.. result.Findings.Select(f => new CoverageFinding(f.Code, f.Severity.ToString().ToLowerInvariant(), f.File, f.Line, f.Symbol, f.Message))],
                Functions = result.Functions.Count,
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Row("timed-out", $"not over after {limit.TotalSeconds} s");
        }
        // A defect in the engine is what this campaign looks for: it is recorded, and the next patch goes on.
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return Row("crash", e.ToString());
        }

        CoverageRow Row(string outcome, string? fault) => new(name, kind, paths, outcome, [], fault, clock.ElapsedMilliseconds, 0, null);
    }

    private static string Outcome(BuildStatus status)
    {
        var words = new StringBuilder();
        foreach (var c in status.ToString())
        {
            words.Append(char.IsUpper(c) && words.Length > 0 ? "-" : "").Append(char.ToLowerInvariant(c));
        }
        return words.ToString();
    }
}
