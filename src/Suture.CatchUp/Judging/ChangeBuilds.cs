using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Suture.Build;
using Suture.Build.Compile;
using Suture.Build.Patches;
using Suture.Build.Trees;
using Suture.CatchUp.Difference;
using Suture.Elf;
using Suture.Kernel;
using Suture.Module;

namespace Suture.CatchUp.Judging;

/// <summary>Builds sets of changes, each at most once.</summary>
internal sealed class ChangeBuilds(KernelBuild kernel, IReadOnlyDictionary<string, Change> changes) : IDisposable
{
    /// <summary>A change that keeps the compilers busy for longer is refused, unless it was the others' fault: there are hundreds of them.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Units that a single change may concern through its headers.</summary>
    private const int MostUnits = 200;

    private readonly ConcurrentDictionary<string, Lazy<Task<BuildOutcome>>> _running = new(StringComparer.Ordinal);
    private readonly OutcomeStore _store = new(kernel);
    private readonly HashSet<string> _sources = [.. changes.Values.SelectMany(c => c.Files).Where(f => f.EndsWith(".c", StringComparison.Ordinal))];
    private readonly Lazy<string> _triedFirst = new(() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n',
        changes.Values.SelectMany(c => c.Files).Where(f => f.EndsWith(".c", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal)))).AsSpan(0, 16)));
    private readonly ShadowPool _shadows = new(kernel.SourceTree);
    private readonly Dictionary<string, int> _order = changes.Keys.Select((id, i) => (id, i)).ToDictionary(x => x.id, x => x.i, StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => _shadows.Dispose();

    /// <summary>Where a change stands among all.</summary>
    public int Order(string id) => _order[id];

    /// <summary>The changes in the order in which they apply.</summary>
    public IReadOnlyList<string> InOrder(IEnumerable<string> ids) => [.. ids.Distinct().OrderBy(id => _order[id])];

    /// <summary>The patches of <paramref name="ids"/>, in order: one for each commit, or one for each file of which there are parts.</summary>
    public IReadOnlyList<(string Name, byte[] Bytes)> Patches(IEnumerable<string> ids)
    {
        var ordered = InOrder(ids).Select(id => changes[id]).ToList();
        return ordered.TrueForAll(c => c.IsCommit)
            ? [.. ordered.Select(c => (c.Id, c.Patch))]
            : [.. ordered.GroupBy(c => c.Files[0]).Select(f => (f.Key, DiffHunk.Write(f.Key, f.SelectMany(c => c.Hunks!))))];
    }

    /// <summary>Builds the changes together and forgets the module, or finds what an earlier run learned.</summary>
    /// <param name="ids">The changes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="keep">Which objects a later build of the same files may well find useful.</param>
    /// <param name="explain">Whether the lines of the patch that do not compile matter.</param>
    public async Task<BuildOutcome> RunAsync(IReadOnlyList<string> ids, CancellationToken cancellation, KeptObjects keep = KeptObjects.Includers, bool explain = true)
    {
        var patches = Patches(ids);
        var key = _store.KeyOf(patches);
        var outcome = await (!explain && _running.TryGetValue(key + true, out var explained) ? explained : _running.GetOrAdd(key + explain, _ => new(() => FindOrBuildAsync(key, ids, patches, keep, explain, cancellation)))).Value;
        return outcome with { Changes = InOrder(ids) };
    }

    /// <summary>The outcome of each of <paramref name="seeds"/>, as many at a time as there are cores; what may have failed for want of room is built once more with all of it.</summary>
    public async Task<IReadOnlyList<BuildOutcome>> EachAsync<T>(
        List<T> seeds, string stage, Func<T, Task<BuildOutcome>> build, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        var outcomes = new BuildOutcome[seeds.Count];
        var done = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, seeds.Count), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation },
            async (i, _) =>
            {
                outcomes[i] = await build(seeds[i]);
                progress?.Report(new ProgressReport(stage, Interlocked.Increment(ref done), seeds.Count));
            });
        // Not before all are done: many may need one and the same build.
        ForgetWhatMayBeOfTheMachine();
        foreach (var i in Enumerable.Range(0, seeds.Count).Where(i => outcomes[i].MayBeOfTheMachine))
        {
            progress?.Report(new ProgressReport($"{stage} once more that failed, one by one"));
            outcomes[i] = await build(seeds[i]);
        }
        ForgetWhatMayBeOfTheMachine();
        return outcomes;
    }

    /// <summary>As <see cref="RunAsync"/>, when no other build runs beside it: what may be the machine's fault is built once more.</summary>
    public async Task<BuildOutcome> RunAloneAsync(IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        var outcome = await RunAsync(ids, cancellation);
        ForgetWhatMayBeOfTheMachine();
        return outcome.MayBeOfTheMachine ? await RunAsync(ids, cancellation) : outcome;
    }

    private void ForgetWhatMayBeOfTheMachine()
    {
        foreach (var (key, running) in _running)
        {
            if (running is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true, Result.MayBeOfTheMachine: true } })
            {
                _running.TryRemove(key, out _);
            }
        }
    }

    /// <summary>Digest of the sources that are tried first, when that may decide what is told of changes: only who includes a changed header is tried before others.</summary>
    internal string? TriedFirstFor(IEnumerable<string> ids) => ids.Any(id => changes[id].Files.Any(f => f.EndsWith(".h", StringComparison.Ordinal))) ? _triedFirst.Value : null;

    private async Task<BuildOutcome> FindOrBuildAsync(string key, IReadOnlyList<string> ids, IReadOnlyList<(string, byte[])> patches, KeptObjects keep, bool explain, CancellationToken cancellation)
    {
        var triedFirst = TriedFirstFor(ids);
        if (_store.Find(key) is { } known && (known.Status != BuildStatus.DoesNotCompile || ((known.IsExplained || !explain) && known.TriedFirst == triedFirst)))
        {
            return known;
        }
        var outcome = await BuildAsync(ids, patches, keep, explain, cancellation);
        if (outcome.Status == BuildStatus.DoesNotCompile)
        {
            outcome = outcome with { IsExplained = explain, TriedFirst = triedFirst };
        }
        if (outcome.Fault is null && !outcome.MayBeOfTheMachine)
        {
            _store.Keep(key, outcome);
        }
        return outcome;
    }

    private async Task<BuildOutcome> BuildAsync(IReadOnlyList<string> ids, IReadOnlyList<(string, byte[])> patches, KeptObjects keep, bool explain, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stop.CancelAfter(Limit);
        try
        {
            var result = await LivepatchBuilder.RunAsync(new BuildRequest
            {
                Kernel = kernel,
                Name = "unit",
                Patches = patches,
                MostUnits = MostUnits,
                IsOneOfMany = true,
                TriedFirst = _sources,
                ExplainErrors = explain,
                Keep = keep,
                Shadows = _shadows,
            }, null, stop.Token);
            return new BuildOutcome(InOrder(ids), result.Status, result.Findings, Names(result)) { IsAlreadyThere = result.IsAlreadyApplied };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new BuildOutcome(InOrder(ids), BuildStatus.Refused, [], [], $"not built within {Limit.TotalMinutes} minutes") { IsTriedAgain = true };
        }
        // One unit that the engine cannot deal with must not end the run: it is refused with the engine's words.
        catch (Exception e) when (IsOfTheEngine(e))
        {
            return new BuildOutcome(InOrder(ids), BuildStatus.Refused, [], [], e.Message.Split('\n')[0]) { IsTriedAgain = IsOfTheMachine(e) };
        }
    }

    /// <summary>Whether an exception of a build means that the engine cannot deal with what it was given, and nothing for other builds.</summary>
    public static bool IsOfTheEngine(Exception e) =>
        e is PatchFormatException or ElfFormatException or ModuleFileException or KernelException or InvalidOperationException or IOException or AggregateException or OutOfMemoryException;

    /// <summary>Whether it may be for want of room, memory or processes, and says nothing of what was built.</summary>
    public static bool IsOfTheMachine(Exception e) =>
        e is IOException or OutOfMemoryException or KernelException { Fault: KernelFault.Tool or KernelFault.DiskFull } || (e is AggregateException several && several.InnerExceptions.Any(IsOfTheMachine));

    /// <summary>Functions of a build, as reports name them.</summary>
    public static IReadOnlyList<string> Names(BuildResult result) =>
        [.. result.Functions.Select(f => f.Object == "vmlinux" ? f.Name : $"{f.Object}:{f.Name}").Distinct().Order(StringComparer.Ordinal)];
}
