using Iced.Intel;
using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>Which instruction of a function may follow which, its parts included: jumps, static branches and what the kernel goes on with after a fault.</summary>
public sealed class ControlFlow
{
    private readonly int[] _starts;
    private readonly List<int>[] _next;
    private readonly bool[] _leaves;

    /// <summary>Decodes <paramref name="function"/> with its parts. Instructions are numbered through, the first is where the function is entered.</summary>
    public ControlFlow(Element function)
    {
        ArgumentNullException.ThrowIfNull(function);
        List<Element> pieces = [function, .. function.Parts];
        var code = pieces.ConvertAll(p => InstructionLayout.Decode(p.Bytes.ToArray(), p.Prefix));
        _starts = new int[pieces.Count];
        for (var i = 1; i < pieces.Count; i++)
        {
            _starts[i] = _starts[i - 1] + code[i - 1].Length;
        }
        var count = _starts[^1] + code[^1].Length;
        Calls = new string?[count];
        _next = new List<int>[count];
        _leaves = new bool[count];
        int? Place(Element? target, long offset) => target is not null && pieces.IndexOf(target) is >= 0 and var p
            && InstructionLayout.IndexOf(code[p], (ulong)(target.Prefix + offset)) is >= 0 and var at ? _starts[p] + at : null;

        for (var p = 0; p < pieces.Count; p++)
        {
            for (var i = 0; i < code[p].Length; i++)
            {
                ReadInstruction(pieces[p], code[p][i], _starts[p] + i, isLast: i + 1 == code[p].Length, Place);
            }
            // The first two words of an entry lead to an instruction and to where the kernel may go on instead.
            foreach (var entry in pieces[p].Entries.Where(e => e.Section.Name is "__jump_table" or "__ex_table"))
            {
                var ways = entry.References.OrderBy(r => r.Offset).Take(2).Select(r => Place(r.Target, r.TargetOffset)).ToList();
                if (ways is [{ } from, { } to])
                {
                    _next[from].Add(to);
                }
            }
        }
    }

    /// <summary>For each instruction the function that it calls or goes to by name; null for most.</summary>
    public IReadOnlyList<string?> Calls { get; }

    /// <summary>The instructions that may follow instruction <paramref name="at"/>.</summary>
    public IReadOnlyList<int> After(int at) => _next[at];

    /// <summary>Whether the function may be left after instruction <paramref name="at"/>.</summary>
    public bool Leaves(int at) => _leaves[at];

    private void ReadInstruction(Element piece, in Instruction instruction, int at, bool isLast, Func<Element?, long, int?> place)
    {
        var next = _next[at] = [];
        var isBranch = instruction.Op0Kind == OpKind.NearBranch64;
        var reference = isBranch ? piece.FirstReference((int)instruction.IP, (int)instruction.NextIP) : null;
        // What is no place of this function is another one's, by name.
        var target = reference is { } r ? place(r.Target, r.TargetOffset) : isBranch ? place(piece, (long)instruction.NearBranchTarget - piece.Prefix) : null;
        if (reference is { } named && target is null)
        {
            ((string?[])Calls)[at] = named.External?.Name ?? named.Target?.Name;
        }
        var flow = instruction.FlowControl;
        var isJump = flow is FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch or FlowControl.XbeginXabortXend;
        if (isJump && target is { } there)
        {
            next.Add(there);
        }
        _leaves[at] = flow is FlowControl.Return or FlowControl.IndirectBranch || (isJump && target is null);
        if (!isLast && flow is not (FlowControl.Return or FlowControl.IndirectBranch or FlowControl.UnconditionalBranch))
        {
            next.Add(at + 1);
        }
    }
}
