using System.Collections.Concurrent;
using System.Diagnostics;
using Suture.Build.Author;
using Suture.Build.Patches;
using Suture.Build.Trees;
using Suture.Kernel;

namespace Suture.Build.Compile;

/// <summary>From a plan to pairs of objects: shadow tree, pruning, both compilations, errors in terms of the patch.</summary>
public static class BuildPairs
{
    private const int MostRounds = 8;

    /// <summary>With more units to look through, the patched sources are compiled before: most patches that do not compile fail there.</summary>
    private const int ManyIncludes = 20;

    private const int MostRealDirectories = 64;

    /// <summary>Patched units that are compiled before a look at what came of them.</summary>
    private const int PatchedAtOnce = 24, PatchedAtFirst = 4;

    /// <summary>Compiles every unit concerned, original and patched, each once.</summary>
    /// <param name="plan">From <see cref="CompilePlanner"/>.</param>
    /// <param name="workDirectory">A directory of this build's own, where objects stay until the caller removes it.</param>
    /// <param name="progress">Told of every unit.</param>
    /// <param name="options">How.</param>
    /// <param name="ct">Kills the compilers.</param>
    public static async Task<CompileOutcome> RunAsync(CompilePlan plan, string workDirectory, IProgress<ProgressReport>? progress = null,
        CompileOptions? options = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        options ??= new CompileOptions();
        if (!plan.Application.Succeeded)
        {
            return new PatchDoesNotApply(plan.Application.Failures);
        }
        var watch = Stopwatch.StartNew();
        var pool = options.Shadows?.Prepared == plan.Site.Tree ? options.Shadows : null;
        var (files, directories) = InShadow(plan);
        var shadow = pool?.Take(files, directories) ?? ShadowTree.Create(plan.Site.Tree, Path.Combine(workDirectory, "shadow"), files, directories);
        var outcome = await CompileInAsync(shadow, plan, workDirectory, watch.ElapsedMilliseconds, progress, options, ct);
        pool?.Return(shadow);
        return outcome;
    }

    private static async Task<CompileOutcome> CompileInAsync(
        ShadowTree shadow, CompilePlan plan, string workDirectory, long shadowMs, IProgress<ProgressReport>? progress, CompileOptions options, CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        var compiler = new UnitCompiler(plan.Site, workDirectory, options.ExtraArguments,
            AuthorHeaders.AreUsedBy(plan.Application.Files) ? [AuthorHeaders.Option] : [], options.Keep == KeptObjects.None ? null : new PatchedStore(plan.Site, shadow), options.Keep == KeptObjects.All, options.WithTypes);
        var sources = new ConcurrentDictionary<PlannedUnit, UnitResult>();
        var includes = plan.Units.Count(u => u.Reason == UnitReason.Includes);
        Task<PatchedDoesNotCompile?> ErrorsAsync(IEnumerable<PlannedUnit> some) => EarlyErrorsAsync(some, plan, compiler, shadow, sources, options, ct);
        if (options.PatchedFirst ? includes > 0 : includes > ManyIncludes)
        {
            if ((await ErrorsAsync(plan.Units.Where(u => u.Reason == UnitReason.Source)) ?? (options.PatchedFirst ? await ErrorsAsync(TriedFirst(plan, options)) : null)) is { } early)
            {
                return early;
            }
        }
        var units = await new HeaderPruning(plan, compiler, shadow, progress).RunAsync(ct);
        var pruneMs = watch.ElapsedMilliseconds;

        var (originals, patched) = await CompileAsync(units, sources, compiler, shadow, options.PatchedFirst, progress, ct);
        if (patched.Any(p => p.Value.Object is null) && !originals.Any(o => o.Value.Object is null))
        {
            return new PatchedDoesNotCompile(await ExplainAsync(plan, patched.Where(p => p.Value is { Object: null, Escapes.Count: 0 }).ToDictionary(), options.Explain, compiler, shadow, ct));
        }
        var unfit = units.Where(u => originals.GetValueOrDefault(u) is { Object: null }).ToList();
        if (unfit.Count > 0)
        {
            return new OriginalDoesNotCompile([.. unfit.Select(u => new UnitErrors(u.Unit, CompilerMessages.Read(originals[u].Errors, []), originals[u].Errors))]);
        }
        var pairs = units.Select(u => new CompiledUnit(u.Unit, u.Reason, originals[u].Object!, patched[u].Object!,
            HaveSameBytes(originals[u].Object!, patched[u].Object!), originals[u].Milliseconds, patched[u].Milliseconds));
        return new PairsBuilt([.. pairs], plan.Units.Count, new CompileTimings(shadowMs, pruneMs, watch.ElapsedMilliseconds - pruneMs));
    }

    /// <summary>Units that include what changes and are compiled before it is known whether they need be.</summary>
    private static IEnumerable<PlannedUnit> TriedFirst(CompilePlan plan, CompileOptions options) =>
        LikelyBreaks.Among(plan, options.TriedFirst) is { Count: > 0 } likely ? likely.Take(PatchedAtOnce)
            : plan.Units.Where(u => u.Reason == UnitReason.Includes && options.TriedFirst.Contains(u.Unit.TreePath)).Take(PatchedAtFirst);

    /// <summary>Compiles some patched units and keeps in <paramref name="made"/> what need not be compiled again; gives back why some do not compile, else null.</summary>
    private static async Task<PatchedDoesNotCompile?> EarlyErrorsAsync(
        IEnumerable<PlannedUnit> units, CompilePlan plan, UnitCompiler compiler, ShadowTree shadow, ConcurrentDictionary<PlannedUnit, UnitResult> made, CompileOptions options, CancellationToken ct)
    {
        var refused = new ConcurrentDictionary<PlannedUnit, UnitResult>();
        await Parallelism.ForEachAsync([.. units], async unit =>
        {
            var result = await compiler.PatchedAsync(unit, shadow, ct);
            if (result is { Object: not null, Escapes.Count: 0 })
            {
                made[unit] = result;
            }
            // What escapes from the shadow says nothing yet, and the unpatched source must compile for the patch to be to blame.
            else if (result is { Object: null, Escapes.Count: 0 } && (options.PatchedFirst || (await compiler.OriginalAsync(unit, ct)).Object is not null))
            {
                refused[unit] = result;
            }
        }, ct);
        return refused.IsEmpty ? null : new PatchedDoesNotCompile(await ExplainAsync(plan, refused, options.Explain, compiler, shadow, ct));
    }

    /// <summary>The files of the shadow that are not the prepared tree's, and its directories that are no links.</summary>
    private static (Dictionary<string, byte[]> Files, IEnumerable<string> Directories) InShadow(CompilePlan plan)
    {
        var files = plan.Application.Files.ToDictionary(f => f.Path, LineDirectives.Inject);
        if (AuthorHeaders.AreUsedBy(plan.Application.Files))
        {
            files = files.Concat(AuthorHeaders.Files()).ToDictionary();
        }
        // A unit's own directory is where ../ begins most often; the check of dependencies catches all other places.
        var directories = plan.Units.Where(u => u.Reason == UnitReason.Source)
            .SelectMany(u => (string[])[Path.GetDirectoryName(u.Unit.TreePath) ?? "", u.Unit.Source.Split("/..")[0] is var way && way != u.Unit.Source ? way : ""])
            .Distinct().Take(MostRealDirectories);
        return (files, directories);
    }

    private static async Task<(ConcurrentDictionary<PlannedUnit, UnitResult> Originals, ConcurrentDictionary<PlannedUnit, UnitResult> Patched)> CompileAsync(
        IReadOnlyList<PlannedUnit> units, ConcurrentDictionary<PlannedUnit, UnitResult> sources, UnitCompiler compiler, ShadowTree shadow, bool patchedFirst, IProgress<ProgressReport>? progress, CancellationToken ct)
    {
        var (originals, patched) = (new ConcurrentDictionary<PlannedUnit, UnitResult>(), new ConcurrentDictionary<PlannedUnit, UnitResult>());
        var done = 0;
        Task RunAsync(IEnumerable<(PlannedUnit Unit, bool IsPatched)> jobs) => Parallelism.ForEachAsync([.. jobs], async job =>
        {
            var result = !job.IsPatched ? await compiler.OriginalAsync(job.Unit, ct) : sources.TryRemove(job.Unit, out var made) ? made : await compiler.PatchedAsync(job.Unit, shadow, ct);
            (job.IsPatched ? patched : originals)[job.Unit] = result;
            progress?.Report(new ProgressReport($"compiling {job.Unit.Unit.Source}", Interlocked.Increment(ref done), units.Count * 2));
        }, ct);

        if (!patchedFirst)
        {
            await RunAsync(units.SelectMany(u => ((PlannedUnit, bool)[])[(u, true), (u, false)]));
        }
        // In parts: many builds fail at the first of a hundred units, and which units were looked at must not depend on luck.
        foreach (var part in patchedFirst ? units.Take(PatchedAtFirst).Chunk(PatchedAtFirst).Concat(units.Skip(PatchedAtFirst).Chunk(PatchedAtOnce)) : [])
        {
            await RunAsync(part.Select(u => (u, true)));
            if (part.Any(u => patched[u] is { Object: null, Escapes.Count: 0 }))
            {
                return (originals, patched);
            }
        }
        for (var round = 0; patched.Where(p => p.Value.Escapes.Count > 0).ToList() is { Count: > 0 } escaped; round++)
        {
            if (round == MostRounds)
            {
                throw new KernelException($"{escaped[0].Key.Unit.Source} still includes the unpatched '{escaped[0].Value.Escapes[0]}' after {MostRounds} tries",
                    "its includes lead out of the tree in a way that Suture does not know; please report it", KernelFault.Broken);
            }
            escaped.SelectMany(e => e.Value.Escapes).Distinct().ToList().ForEach(shadow.Materialise);
            await RunAsync(escaped.Select(e => (e.Key, true)));
        }
        if (patchedFirst && patched.All(p => p.Value.Object is not null))
        {
            await RunAsync(units.Select(u => (u, false)));
        }
        return (originals, patched);
    }

    /// <summary>Compiles again without #line directives: only then do the compiler's line numbers tell added lines apart. Unless that is not worth the time.</summary>
    private static async Task<IReadOnlyList<UnitErrors>> ExplainAsync(
        CompilePlan plan, IReadOnlyDictionary<PlannedUnit, UnitResult> refused, bool explain, UnitCompiler compiler, ShadowTree shadow, CancellationToken ct)
    {
        if (!explain)
        {
            // Lines that are added have no number there.
            return [.. plan.Units.Where(refused.ContainsKey).Select(u => new UnitErrors(u.Unit, [.. CompilerMessages.Read(refused[u].Errors, []).Select(m => m with { Line = 0 })], refused[u].Errors))];
        }
        foreach (var file in plan.Application.Files)
        {
            shadow.Write(file.Path, file.Patched);
        }
        var errors = new ConcurrentDictionary<PlannedUnit, UnitErrors>();
        await Parallelism.ForEachAsync(refused.Keys, async unit =>
        {
            var result = await compiler.Forgetful().PatchedAsync(unit, shadow, ct);
            errors[unit] = new UnitErrors(unit.Unit, CompilerMessages.Read(result.Errors, plan.Application.Files), result.Errors);
        }, ct);
        return [.. plan.Units.Where(errors.ContainsKey).Select(u => errors[u])];
    }

    private static bool HaveSameBytes(string a, string b) =>
        new FileInfo(a).Length == new FileInfo(b).Length && File.ReadAllBytes(a).AsSpan().SequenceEqual(File.ReadAllBytes(b));
}
