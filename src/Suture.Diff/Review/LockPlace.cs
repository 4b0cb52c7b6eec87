using Iced.Intel;
using Suture.Diff.Model;

namespace Suture.Diff.Review;

/// <summary>Where a lock is, as far as the code before a call tells.</summary>
/// <param name="Root">A symbol, an argument of the function, or what is read from there; null when it is not known.</param>
/// <param name="Offset">Bytes from there, or from a register of which nothing more is known; null when nothing is known at all.</param>
internal readonly record struct LockPlace(string? Root, long? Offset)
{
    /// <summary>Moves from register to register that are followed.</summary>
    private const int MostMoves = 16;

    private static readonly InstructionInfoFactory Registers = new();

    /// <summary>Whether both may be one place.</summary>
    public bool MayBe(LockPlace other) => Offset is null || other.Offset is null || (Offset == other.Offset && (Root is null || other.Root is null || Root == other.Root));

    /// <summary>Where <paramref name="register"/> points before instruction <paramref name="at"/>.</summary>
    public static LockPlace Of(ControlFlow flow, int at, Register register) => Of(flow, at, register, MostMoves);

    private static LockPlace Of(ControlFlow flow, int at, Register register, int left)
    {
        if (left == 0 || register is Register.RSP or Register.None || Writer(flow, at, register) is not { } by)
        {
            return default;
        }
        if (by < 0)
        {
            return new LockPlace($"%{register}", 0);
        }
        var instruction = flow.Instructions[by];
        var symbol = flow.ReferenceIn(by) is { } r && (r.External?.Name ?? r.Target?.Name) is { } name ? new LockPlace(name, r.TargetOffset) : (LockPlace?)null;
        var isPlain = instruction.MemoryIndex == Register.None && instruction.SegmentPrefix == Register.None;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Mov when instruction.Op1Kind == OpKind.Register:
                return Of(flow, by, instruction.Op1Register.GetFullRegister(), left - 1);
            case Mnemonic.Mov when instruction.Op1Kind != OpKind.Memory:
                return symbol ?? default;
            case Mnemonic.Lea when isPlain && instruction.MemoryBase == Register.RIP:
                return symbol ?? default;
            case Mnemonic.Lea when isPlain && symbol is null:
                return Of(flow, by, instruction.MemoryBase, left - 1).Plus((long)instruction.MemoryDisplacement64);
            case Mnemonic.Add when instruction.Op1Kind is not (OpKind.Register or OpKind.Memory) && symbol is null:
                return Of(flow, by, register, left - 1).Plus((long)instruction.GetImmediate(1));
            case Mnemonic.Mov when isPlain:
                var from = symbol ?? Of(flow, by, instruction.MemoryBase, left - 1).Plus((long)instruction.MemoryDisplacement64);
                return new LockPlace(from.Root is { } root ? $"[{root}+{from.Offset}]" : null, from.Root is null ? null : 0);
            default:
                return default;
        }
    }

    private LockPlace Plus(long offset) => this with { Offset = (Offset ?? 0) + offset };

    /// <summary>The instruction that wrote the register last, on the only way to <paramref name="at"/> or nowhere else but there; -1 when it is as the function was called, null when that is not known.</summary>
    private static int? Writer(ControlFlow flow, int at, Register register)
    {
        var isKept = register is Register.RBX or Register.RBP or Register.R12 or Register.R13 or Register.R14 or Register.R15;
        for (var before = at; before == 0 || !flow.IsTarget(before);)
        {
            if (before == 0)
            {
                return isKept ? null : -1;
            }
            var instruction = flow.Instructions[--before];
            if (!isKept && flow.Calls[before] is not "__fentry__" && (flow.Calls[before] is not null || instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall))
            {
                return null;
            }
            if (Writes(instruction, register))
            {
                return before;
            }
        }
        // Behind a join, what one instruction alone writes is what that wrote. Functions take back what they found at their ends.
        return isKept && Enumerable.Range(0, flow.Instructions.Count).Where(i => i != at && flow.Instructions[i].Mnemonic != Mnemonic.Pop && Writes(flow.Instructions[i], register)).Take(2).ToArray() is [var only] ? only : null;
    }

    private static bool Writes(in Instruction instruction, Register register)
    {
        lock (Registers)
        {
            return Registers.GetInfo(instruction).GetUsedRegisters().Any(r => r.Register.GetFullRegister() == register
                && r.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite);
        }
    }
}
