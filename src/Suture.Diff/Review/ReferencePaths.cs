using Iced.Intel;
using Suture.Diff.Model;

namespace Suture.Diff.Review;

/// <summary>
/// How often one version of the code takes and drops references on each path through a function. Where the paths of two versions do the same, objects are counted as
/// they were: what differs is when a path is taken, or that the compiler made one place of two.
/// </summary>
/// <param name="own">Functions that the other version does not have: who calls them does what they do, as who has them inlined.</param>
public sealed class ReferencePaths(IReadOnlyDictionary<Element, ControlFlow> own)
{
    private const int BitsOfCount = 2;
    private const ulong MostCounted = (1 << BitsOfCount) - 1;
    private const int MostKinds = 64 / BitsOfCount;
    private const int MostPaths = 256;

    /// <summary>How many instructions before an addition what is added is looked for.</summary>
    private const int MostBefore = 40;

    private readonly ILookup<string, ControlFlow> _own = own.ToLookup(f => f.Key.Name, f => f.Value, StringComparer.Ordinal);
    private readonly Dictionary<ControlFlow, IReadOnlyList<Path>?> _known = [];

    /// <summary>What is counted on a path: each kind of taking or dropping with the number of times, three meaning three or more.</summary>
    private sealed record Path(IReadOnlyDictionary<string, int> Counts)
    {
        public string Text { get; } = string.Join(' ', Counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}*{c.Value}"));
    }

    /// <summary>What is counted on the paths through <paramref name="function"/>, a text for each path that counts otherwise; null when that is not known.</summary>
    public IReadOnlySet<string>? Of(ControlFlow function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Paths(function)?.Select(p => p.Text).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Whether both are known, and the same is counted.</summary>
    public static bool AreSame(IReadOnlySet<string>? before, IReadOnlySet<string>? after) => before is not null && after is not null && before.SetEquals(after);

    private IReadOnlyList<Path>? Paths(ControlFlow flow)
    {
        if (_known.TryGetValue(flow, out var known))
        {
            return known;
        }
        // Nothing is known of a function that calls itself.
        _known[flow] = null;
        return _known[flow] = Follow(flow);
    }

    private List<Path>? Follow(ControlFlow flow)
    {
        var kinds = new Dictionary<string, int>(StringComparer.Ordinal);
        var steps = new List<(int Kind, int Times)[]>?[flow.Instructions.Count];
        for (var at = 0; at < steps.Length; at++)
        {
            if (Step(flow, at) is not { } paths)
            {
                return null;
            }
            if (paths.Any(p => p.Counts.Count > 0))
            {
                steps[at] = [.. paths.Select(p => p.Counts.Select(c => (kinds.TryGetValue(c.Key, out var kind) ? kind : kinds[c.Key] = kinds.Count, c.Value)).ToArray())];
            }
        }
        if (kinds.Count > MostKinds || flow.Ends(0, (at, counts) => steps[at] is { } step ? [.. step.Select(s => Add(counts, s))] : [counts], at => steps[at] is not null) is not { Count: <= MostPaths } ends)
        {
            return null;
        }
        return [.. ends.Select(e => new Path(kinds.Where(k => Count(e, k.Value) > 0).ToDictionary(k => k.Key, k => (int)Count(e, k.Value))))];
    }

    private static ulong Count(ulong counts, int kind) => counts >> (kind * BitsOfCount) & MostCounted;

    private static ulong Add(ulong counts, (int Kind, int Times)[] step)
    {
        foreach (var (kind, times) in step)
        {
            counts += Math.Min((ulong)times, MostCounted - Count(counts, kind)) << (kind * BitsOfCount);
        }
        return counts;
    }

    private static readonly IReadOnlyList<Path> Nothing = [new(new Dictionary<string, int>())];

    /// <summary>What an instruction counts, on each path through what it calls; null when that is not known.</summary>
    private IReadOnlyList<Path>? Step(ControlFlow flow, int at)
    {
        if (flow.Calls[at] is { } callee)
        {
            return _own[callee].ToArray() switch
            {
                [] => IsCounting(callee) ? Once(callee) : Nothing,
                [var inner] => Paths(inner),
                _ => null,
            };
        }
        var instruction = flow.Instructions[at];
        if (!instruction.HasLockPrefix || instruction.MemoryBase == Register.RSP)
        {
            // With the stack pointer it is a barrier.
            return Nothing;
        }
        return instruction.Mnemonic switch
        {
            Mnemonic.Or or Mnemonic.And or Mnemonic.Xor or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc => Nothing,
            Mnemonic.Xadd => Added(flow, at, instruction.Op1Register.GetFullRegister()) is { } added ? Once($"xadd {added}") : null,
            var other => Once($"{other} {(instruction.Op1Kind is OpKind.Register or OpKind.Memory ? "" : instruction.GetImmediate(1))}"),
        };
    }

    private static Path[] Once(string kind) => [new(new Dictionary<string, int>(StringComparer.Ordinal) { [kind] = 1 })];

    /// <summary>The number that an instruction shortly before <paramref name="at"/> moved into <paramref name="register"/>; null when something else was.</summary>
    private static long? Added(ControlFlow flow, int at, Register register)
    {
        for (var before = at - 1; before >= Math.Max(0, at - MostBefore); before--)
        {
            var instruction = flow.Instructions[before];
            if (instruction.Op0Kind == OpKind.Register && instruction.Op0Register.GetFullRegister() == register && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test))
            {
                return instruction.Mnemonic == Mnemonic.Mov && instruction.Op1Kind is not (OpKind.Register or OpKind.Memory) ? (int)instruction.GetImmediate(1) : null;
            }
            if (instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall)
            {
                return null;
            }
        }
        return null;
    }

    /// <summary>The checks of refcount_t come with what they check, which is seen itself.</summary>
    private static bool IsCounting(string callee) => callee != "refcount_warn_saturate" && (CallSubject.Reference.Matches(callee) || ReferenceUse.Drops(callee) || ReferenceUse.MayTake(callee));
}
