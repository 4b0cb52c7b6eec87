using Iced.Intel;
using Suture.Diff.Model;

namespace Suture.Diff.Review;

/// <summary>
/// How often one version of the code takes and drops references on each path through a function, and what else it calls there. Where the paths of two versions
/// that count anything do the same, what differs is when such a path is taken, or that the compiler made one place of two.
/// </summary>
public sealed class ReferencePaths
{
    private const int BitsOfState = 64;
    private const int MostPaths = 1_024;

    private static readonly IReadOnlyList<Path> Nothing = [new(new Dictionary<string, int>())];

    private readonly ILookup<string, Lazy<ControlFlow>> _own;
    private readonly HashSet<string> _others;
    private readonly Dictionary<(ControlFlow, IReadOnlySet<string>), IReadOnlyList<Path>?> _known = [];

    private ReferencePaths(IEnumerable<KeyValuePair<Element, Lazy<ControlFlow>>> own, IEnumerable<Element> others) =>
        (_own, _others) = (own.ToLookup(f => f.Key.Name, f => f.Value, StringComparer.Ordinal), [.. others.Select(f => f.Name)]);

    /// <summary>Follows what the other version does not have: who calls it does what it does, as who has it inlined.</summary>
    /// <param name="own">The functions that only this version has.</param>
    /// <param name="others">Functions of the other version that this one does not have: where they are called they are some other file's, and nothing is known of them.</param>
    public static ReferencePaths Following(IReadOnlyDictionary<Element, ControlFlow> own, IEnumerable<Element> others) =>
        new(own.Select(f => KeyValuePair.Create(f.Key, new Lazy<ControlFlow>(f.Value))), others);

    /// <summary>Follows all functions of <paramref name="version"/>: what one version calls the other one may have inlined.</summary>
    /// <param name="version">All of this version.</param>
    /// <param name="others">As for <see cref="Following"/>.</param>
    public static ReferencePaths FollowingAll(ObjectModel version, IEnumerable<Element> others)
    {
        ArgumentNullException.ThrowIfNull(version);
        return new(version.Functions.Where(f => f.Parent is null).Select(f => KeyValuePair.Create(f, new Lazy<ControlFlow>(() => new ControlFlow(f)))), others);
    }

    /// <summary>What is done on a path: what is called or counted, and how often.</summary>
    private sealed record Path(IReadOnlyDictionary<string, int> Times)
    {
        public string Text { get; } = string.Join(' ', Times.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}*{c.Value}"));

        public bool Counts { get; } = Times.Keys.Any(IsCounting);
    }

    /// <summary>Where in a state it is kept how often something was done: of what counts nothing only whether.</summary>
    private readonly record struct Counter(int Shift, int Bits)
    {
        public ulong Most => (1UL << Bits) - 1;

        public ulong Of(ulong state) => state >> Shift & Most;
    }

    /// <summary>
    /// Whether the same is counted on the paths of both: each path that counts has one in the other version on which the same is counted as often and the same called, of what both versions call, and
    /// either both have paths that count nothing or none has.
    /// </summary>
    public static bool AreSame(ReferencePaths then, ControlFlow before, ReferencePaths now, ControlFlow after)
    {
        ArgumentNullException.ThrowIfNull(then);
        ArgumentNullException.ThrowIfNull(now);
        var both = then.Calls(before).Intersect(now.Calls(after)).ToHashSet(StringComparer.Ordinal);
        return then.Paths(before, both) is { Count: > 0 } old && now.Paths(after, both) is { Count: > 0 } fresh
            && old.Any(p => !p.Counts) == fresh.Any(p => !p.Counts)
            && old.Where(p => p.Counts).Select(p => p.Text).ToHashSet(StringComparer.Ordinal).SetEquals(fresh.Where(p => p.Counts).Select(p => p.Text));
    }

    /// <summary>All that a function calls, and the functions that are followed from it.</summary>
    private HashSet<string> Calls(ControlFlow flow)
    {
        var calls = new HashSet<string>(StringComparer.Ordinal);
        var todo = new Stack<ControlFlow>([flow]);
        while (todo.TryPop(out var next))
        {
            foreach (var callee in next.Calls.OfType<string>().Where(calls.Add))
            {
                _own[callee].ToList().ForEach(f => todo.Push(f.Value));
            }
        }
        return calls;
    }

    private IReadOnlyList<Path>? Paths(ControlFlow flow, IReadOnlySet<string> called)
    {
        if (_known.TryGetValue((flow, called), out var known))
        {
            return known;
        }
        // Nothing is known of a function that calls itself.
        _known[(flow, called)] = null;
        return _known[(flow, called)] = Follow(flow, called);
    }

    private List<Path>? Follow(ControlFlow flow, IReadOnlySet<string> called)
    {
        var kinds = new Dictionary<string, Counter>(StringComparer.Ordinal);
        var bits = 0;
        var steps = new List<(Counter Counter, int Times)[]>?[flow.Instructions.Count];
        for (var at = 0; at < steps.Length; at++)
        {
            if (Step(flow, at, called) is not { Count: > 0 } paths)
            {
                return null;
            }
            foreach (var kind in paths.SelectMany(p => p.Times.Keys).Where(k => !kinds.ContainsKey(k)))
            {
                kinds[kind] = new Counter(bits, IsCounting(kind) ? 2 : 1);
                bits += kinds[kind].Bits;
            }
            if (paths.Any(p => p.Times.Count > 0))
            {
                steps[at] = [.. paths.Select(p => p.Times.Select(c => (kinds[c.Key], c.Value)).ToArray())];
            }
        }
        if (bits > BitsOfState || flow.Ends(0, (at, times) => steps[at] is { } step ? [.. step.Select(s => Add(times, s))] : [times], at => steps[at] is not null) is not { Count: <= MostPaths } ends)
        {
            return null;
        }
        // More often than can be counted may be any number of times.
        return ends.Any(e => kinds.Any(k => IsCounting(k.Key) && k.Value.Of(e) == k.Value.Most)) ? null
            : [.. ends.Select(e => new Path(kinds.Where(k => k.Value.Of(e) > 0).ToDictionary(k => k.Key, k => (int)k.Value.Of(e))))];
    }

    private static ulong Add(ulong times, (Counter Counter, int Times)[] step)
    {
        foreach (var (counter, more) in step)
        {
            times += Math.Min((ulong)more, counter.Most - counter.Of(times)) << counter.Shift;
        }
        return times;
    }

    /// <summary>What an instruction does, on each path through what it calls; null when that is not known.</summary>
    private IReadOnlyList<Path>? Step(ControlFlow flow, int at, IReadOnlySet<string> called)
    {
        if (flow.Calls[at] is { } callee)
        {
            return _own[callee].ToArray() switch
            {
                [] => _others.Contains(callee) ? null : IsCounting(callee) || called.Contains(callee) && callee != Check ? Once(callee) : Nothing,
                [var inner] => Paths(inner.Value, called),
                _ => null,
            };
        }
        var instruction = flow.Instructions[at];
        if (instruction.FlowControl == FlowControl.IndirectBranch)
        {
            return null;
        }
        if (InlineCount.Of(flow, at) is { } count)
        {
            return InlineCount.IsKnown(count) ? Once(count) : null;
        }
        // With the stack pointer it is a barrier; other locked instructions may compare and exchange.
        return !instruction.HasLockPrefix || instruction.MemoryBase == Register.RSP || instruction.Mnemonic is Mnemonic.Or or Mnemonic.And or Mnemonic.Xor or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc
            ? Nothing : null;
    }

    private static Path[] Once(string kind) => [new(new Dictionary<string, int>(StringComparer.Ordinal) { [kind] = 1 })];

    /// <summary>It comes with what it checks, which is seen itself.</summary>
    private const string Check = "refcount_warn_saturate";

    /// <summary>Rather too much than too little: a name that speaks of references, or a locked instruction.</summary>
    private static bool IsCounting(string kind) => kind != Check && (InlineCount.IsName(kind) || Words.Any(w => kind.Contains(w, StringComparison.Ordinal)));

    private static readonly string[] Words = ["get", "put", "hold", "grab", "ref", "release", "drop", "free", "take", "clone", "consume"];
}
