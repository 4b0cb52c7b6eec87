using System.Collections.Concurrent;
using Suture.Build.Trees;
using Suture.Kernel;

namespace Suture.Build.Compile;

/// <summary>
/// Of the units that include a changed header, finds those whose code it may change: a header used by a thousand
/// units is mostly changed in a function that a few of them call.
/// </summary>
internal sealed class HeaderPruning(CompilePlan plan, UnitCompiler compiler, ShadowTree shadow, IProgress<ProgressReport>? progress)
{
    private const int MostRounds = 8;

    /// <summary>Units to compile, in the plan's order.</summary>
    public async Task<IReadOnlyList<PlannedUnit>> RunAsync(CancellationToken ct)
    {
        var changed = plan.Application.Files.Select(f => f.Path).ToHashSet();
        // A new header may be found before another one of the same name, by units that include no changed file.
        var mayShadow = plan.Application.Files.Any(f => f.IsNew);
        var needed = new ConcurrentDictionary<PlannedUnit, byte>();
        var candidates = plan.Units.Where(u => u.Reason == UnitReason.Includes).ToList();
        var todo = candidates;
        for (var round = 0; todo.Count > 0; round++)
        {
            var again = new ConcurrentBag<PlannedUnit>();
            var escapes = new ConcurrentDictionary<string, byte>();
            var done = 0;
            await Parallelism.ForEachAsync(todo, async candidate =>
            {
                var original = await compiler.OriginalDigestAsync(candidate.Unit, changed, ct);
                if (original is not { Includes: false } || mayShadow)
                {
                    var patched = await compiler.PatchedDigestAsync(candidate.Unit, shadow, ct);
                    if (patched.Escapes.Count > 0 && round < MostRounds)
                    {
                        again.Add(candidate);
                        patched.Escapes.ToList().ForEach(e => escapes.TryAdd(e, 0));
                    }
                    // What includes a file from beside the shadow to the end was not compared.
                    else if (patched.Escapes.Count > 0 || original is null || original.Value.Digest != patched.Digest)
                    {
                        needed.TryAdd(candidate, 0);
                    }
                }
                progress?.Report(new ProgressReport("looking for units that use what changed", Interlocked.Increment(ref done), todo.Count));
            }, ct);
            escapes.Keys.ToList().ForEach(shadow.Materialise);
            todo = [.. again];
        }
        if (needed.IsEmpty && candidates.Count == plan.Units.Count)
        {
            // A header that changes nobody's code must compile all the same.
            return [.. candidates.Take(1)];
        }
        return [.. plan.Units.Where(u => u.Reason == UnitReason.Source || needed.ContainsKey(u))];
    }
}
