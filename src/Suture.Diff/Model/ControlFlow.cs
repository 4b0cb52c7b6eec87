using Iced.Intel;
using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>Which instruction of a function may follow which, its parts included: jumps, static branches and what the kernel goes on with after a fault.</summary>
public sealed class ControlFlow
{
    /// <summary>States that are followed, at the most, at all instructions together.</summary>
    private const int MostStates = 200_000;

    private readonly List<Element> _pieces;
    private readonly List<Instruction[]> _code;
    private readonly int[] _starts;
    private readonly string?[] _calls;
    private readonly List<int>[] _next;
    private readonly bool[] _leaves;
    private bool[]? _isTarget;

    /// <summary>Decodes <paramref name="function"/> with its parts. Instructions are numbered through, the first is where the function is entered.</summary>
    public ControlFlow(Element function)
    {
        ArgumentNullException.ThrowIfNull(function);
        _pieces = [function, .. function.Parts];
        _code = _pieces.ConvertAll(p => InstructionLayout.Decode(p.Bytes.ToArray(), p.Prefix));
        _starts = new int[_pieces.Count];
        for (var i = 1; i < _pieces.Count; i++)
        {
            _starts[i] = _starts[i - 1] + _code[i - 1].Length;
        }
        Instructions = [.. _code.SelectMany(c => c)];
        (_calls, _next, _leaves) = (new string?[Instructions.Count], new List<int>[Instructions.Count], new bool[Instructions.Count]);
        for (var p = 0; p < _pieces.Count; p++)
        {
            for (var i = 0; i < _code[p].Length; i++)
            {
                ReadInstruction(p, i);
            }
        }
        _pieces.ForEach(ReadEntries);
    }

    /// <summary>The instructions; their IP is the offset in their element.</summary>
    public IReadOnlyList<Instruction> Instructions { get; }

    /// <summary>For each instruction the function that it calls or goes to by name; null for most.</summary>
    public IReadOnlyList<string?> Calls => _calls;

    /// <summary>The first reference in instruction <paramref name="at"/>; null for most.</summary>
    public Reference? ReferenceIn(int at)
    {
        var piece = Array.FindLastIndex(_starts, s => s <= at);
        var instruction = Instructions[at];
        return _pieces[piece].FirstReference((int)instruction.IP, (int)instruction.NextIP);
    }

    /// <summary>Whether instruction <paramref name="at"/> may follow another than the one before it.</summary>
    public bool IsTarget(int at) => (_isTarget ??= Targets())[at];

    /// <summary>
    /// What may be so when the function is left, where <paramref name="after"/> says what one state becomes at an instruction; null when there are too many states to
    /// follow, or where no path is known to lead to an instruction that <paramref name="matters"/>.
    /// </summary>
    public HashSet<ulong>? Ends(ulong start, Func<int, ulong, ulong[]> after, Func<int, bool> matters)
    {
        ArgumentNullException.ThrowIfNull(after);
        var todo = new Stack<(int At, ulong State)>(_next.Length > 0 ? [(0, start)] : []);
        var seen = todo.ToHashSet();
        var ends = new HashSet<ulong>();
        var isReached = new bool[_next.Length];
        while (todo.TryPop(out var now))
        {
            if (seen.Count > MostStates)
            {
                return null;
            }
            isReached[now.At] = true;
            foreach (var state in after(now.At, now.State))
            {
                foreach (var next in _next[now.At].Where(n => seen.Add((n, state))))
                {
                    todo.Push((next, state));
                }
                if (_leaves[now.At])
                {
                    ends.Add(state);
                }
            }
        }
        return Enumerable.Range(0, _next.Length).All(i => isReached[i] || !matters(i)) ? ends : null;
    }

    private bool[] Targets()
    {
        var isTarget = new bool[_next.Length];
        for (var at = 0; at < _next.Length; at++)
        {
            _next[at].Where(n => n != at + 1).ToList().ForEach(n => isTarget[n] = true);
            isTarget[at] |= _starts.Contains(at) || !_next[at - 1].Contains(at);
        }
        return isTarget;
    }

    private void ReadInstruction(int piece, int number)
    {
        var (code, at) = (_code[piece], _starts[piece] + number);
        var instruction = code[number];
        var next = _next[at] = [];
        var isBranch = instruction.Op0Kind == OpKind.NearBranch64;
        var reference = isBranch ? _pieces[piece].FirstReference((int)instruction.IP, (int)instruction.NextIP) : null;
        // What is no place of this function is another one's, by name.
        var targets = reference is { } r ? Places(r) : isBranch && Place(_pieces[piece], (long)instruction.NearBranchTarget - _pieces[piece].Prefix) is { } near ? [near] : [];
        if (reference is { } named && targets.Count == 0)
        {
            _calls[at] = named.External?.Name ?? named.Target?.Name;
        }
        var flow = instruction.FlowControl;
        var isJump = flow is FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch or FlowControl.XbeginXabortXend;
        next.AddRange(isJump ? targets : []);
        _leaves[at] = flow is FlowControl.Return or FlowControl.IndirectBranch || (isJump && targets.Count == 0);
        if (number + 1 < code.Length && flow is not (FlowControl.Return or FlowControl.IndirectBranch or FlowControl.UnconditionalBranch))
        {
            next.Add(at + 1);
        }
    }

    /// <summary>
    /// The first two words of an entry lead to an instruction and to where the kernel may go on instead, or to code that it may put there. A static branch, or a place with
    /// alternatives, may also become a no-op.
    /// </summary>
    private void ReadEntries(Element piece)
    {
        foreach (var entry in piece.Entries.Where(e => e.Section.Name is "__jump_table" or "__ex_table" or ".altinstructions"))
        {
            if (entry.References.OrderBy(r => r.Offset).Take(2).ToArray() is not [var site, .. var other] || Place(site.Target, site.TargetOffset) is not { } from)
            {
                continue;
            }
            _next[from].AddRange(other.SelectMany(Places));
            if (entry.Section.Name != "__ex_table" && from + 1 < _next.Length && !_starts.Contains(from + 1))
            {
                _next[from].Add(from + 1);
            }
        }
    }

    /// <summary>Where in the function a reference leads; through code outside of functions (.altinstr_aux, replacements), where that leads back to.</summary>
    private List<int> Places(Reference reference) =>
        Place(reference.Target, reference.TargetOffset) is { } place ? [place]
            : reference.Target is { Kind: ElementKind.Chunk } chunk ? [.. chunk.References.Select(r => Place(r.Target, r.TargetOffset)).OfType<int>()] : [];

    private int? Place(Element? target, long offset) => target is not null && _pieces.IndexOf(target) is >= 0 and var p
        && InstructionLayout.IndexOf(_code[p], (ulong)(target.Prefix + offset)) is >= 0 and var at ? _starts[p] + at : null;
}
