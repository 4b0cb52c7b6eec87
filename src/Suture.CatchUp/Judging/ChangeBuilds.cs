using Suture.Build;
using Suture.Build.Patches;
using Suture.CatchUp.Difference;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.CatchUp.Judging;

/// <summary>Builds sets of changes, each at most once.</summary>
internal sealed class ChangeBuilds(KernelBuild kernel, IReadOnlyDictionary<string, Change> changes)
{
    /// <summary>A change that keeps the compilers busy for longer is refused: there are hundreds of others.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Units that a single change may concern through its headers.</summary>
    private const int MostUnits = 200;

    private readonly OutcomeStore _store = new(kernel);
    private readonly Dictionary<string, int> _order = changes.Keys.Select((id, i) => (id, i)).ToDictionary(x => x.id, x => x.i, StringComparer.Ordinal);

    /// <summary>Where a change stands among all.</summary>
    public int Order(string id) => _order[id];

    /// <summary>The changes in the order in which they apply.</summary>
    public IReadOnlyList<string> InOrder(IEnumerable<string> ids) => [.. ids.Distinct().OrderBy(id => _order[id])];

    /// <summary>The patches of <paramref name="ids"/>, in order.</summary>
    public IReadOnlyList<(string Name, byte[] Bytes)> Patches(IEnumerable<string> ids) => [.. InOrder(ids).Select(id => (id, changes[id].Patch))];

    /// <summary>Builds the changes together and forgets the module, or finds what an earlier run learned.</summary>
    public async Task<BuildOutcome> RunAsync(IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        var patches = Patches(ids);
        var key = _store.KeyOf([.. patches.SelectMany(p => p.Bytes)]);
        if (_store.Find(key) is { } known)
        {
            return known with { Changes = InOrder(ids) };
        }
        var outcome = await BuildAsync(ids, patches, cancellation);
        _store.Keep(key, outcome);
        return outcome;
    }

    private async Task<BuildOutcome> BuildAsync(IReadOnlyList<string> ids, IReadOnlyList<(string, byte[])> patches, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stop.CancelAfter(Limit);
        try
        {
            var result = await LivepatchBuilder.RunAsync(new BuildRequest { Kernel = kernel, Name = "unit", Patches = patches, MostUnits = MostUnits }, null, stop.Token);
            return new BuildOutcome(InOrder(ids), result.Status, result.Findings, Names(result));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new BuildOutcome(InOrder(ids), BuildStatus.Refused, [], [], $"not built within {Limit.TotalMinutes} minutes");
        }
        // One unit that the engine cannot deal with must not end the run: it is refused with the engine's words.
        catch (Exception e) when (e is PatchFormatException or ElfFormatException or KernelException or InvalidOperationException or IOException)
        {
            return new BuildOutcome(InOrder(ids), BuildStatus.Refused, [], [], e.Message.Split('\n')[0]);
        }
    }

    /// <summary>Functions of a build, as reports name them.</summary>
    public static IReadOnlyList<string> Names(BuildResult result) =>
        [.. result.Functions.Select(f => f.Object == "vmlinux" ? f.Name : $"{f.Object}:{f.Name}").Distinct().Order(StringComparer.Ordinal)];
}
