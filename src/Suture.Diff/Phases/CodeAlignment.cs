using Iced.Intel;
using Suture.Diff.Model;

namespace Suture.Diff.Phases;

/// <summary>Two functions with the same instructions, some of them encoded longer: which place of one is which of the other.</summary>
internal sealed class CodeAlignment
{
    private readonly Dictionary<ulong, int> _original;
    private readonly Dictionary<ulong, int> _patched;
    private readonly Instruction[] _from;
    private readonly Instruction[] _to;

    /// <summary>Aligns instruction by instruction; both have equally many.</summary>
    public CodeAlignment(Instruction[] original, Instruction[] patched)
    {
        (_to, _from) = (original, patched);
        _original = Index(original);
        _patched = Index(patched);
    }

    /// <summary>The place in the original code of offset <paramref name="place"/> in the patched; -1 when there is none.</summary>
    public long Original(long place)
    {
        var at = InstructionLayout.LastAtOrBefore(_from, place);
        return at < 0 ? place : (long)_to[at].IP + place - (long)_from[at].IP;
    }

    /// <summary>Whether both are the same kind of branch to the same instruction, whatever the distance.</summary>
    public bool IsSameBranch(in Instruction original, in Instruction patched) =>
        original.Mnemonic == patched.Mnemonic && original.Op0Kind == OpKind.NearBranch64 && patched.Op0Kind == OpKind.NearBranch64
        && _original.TryGetValue(original.NearBranchTarget, out var a) && _patched.TryGetValue(patched.NearBranchTarget, out var b) && a == b;

    private static Dictionary<ulong, int> Index(Instruction[] code)
    {
        var index = new Dictionary<ulong, int>(code.Length);
        for (var i = 0; i < code.Length; i++)
        {
            index[code[i].IP] = i;
        }
        return index;
    }
}
