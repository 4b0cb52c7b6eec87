using Iced.Intel;

namespace Suture.Diff.Model;

/// <summary>Where the instructions of a run of code begin and end, and which of them leave it without a relocation.</summary>
public static class InstructionLayout
{
    /// <summary>A PC-relative operand that the assembler resolved itself because its target is in the same section.</summary>
    /// <param name="Offset">Of the operand field, from the start of the code.</param>
    /// <param name="Width">Of the operand field in bytes: 4, or 1 for a short jump.</param>
    /// <param name="Next">Offset of the following instruction.</param>
    /// <param name="Target">Where it points, from the start of the code; outside of it.</param>
    /// <param name="IsBranch">Whether it is a call or jump rather than a memory operand.</param>
    public readonly record struct Escape(int Offset, int Width, int Next, long Target, bool IsBranch);

    /// <summary>A relocated operand.</summary>
    /// <param name="PcDelta">Bytes from the field to the end of its instruction.</param>
    /// <param name="IsBranch">Whether the instruction is a direct call or jump and the field its distance.</param>
    /// <param name="Use">What the instruction does with the address.</param>
    public readonly record struct Operand(int PcDelta, bool IsBranch, OperandUse Use = OperandUse.Value);

    /// <summary>
    /// Whether control may run on past the end of <paramref name="code"/>. No-ops there are padding; <paramref name="afterCalls"/> says whether to count on a call
    /// to return.
    /// </summary>
    public static bool RunsOn(ReadOnlySpan<byte> code, bool afterCalls = true)
    {
        var instructions = Decode(code.ToArray(), 0);
        var last = Array.FindLastIndex(instructions, i => i.Mnemonic is not (Mnemonic.Nop or Mnemonic.Int3));
        return last >= 0 && (instructions[last].FlowControl is FlowControl.Next or FlowControl.ConditionalBranch
            || (afterCalls && instructions[last].FlowControl is FlowControl.Call or FlowControl.IndirectCall));
    }

    /// <summary>All instructions of <paramref name="code"/> from <paramref name="start"/> on; their IP is the offset in it.</summary>
    public static Instruction[] Decode(byte[] code, int start)
    {
        ArgumentNullException.ThrowIfNull(code);
        var decoder = new KernelDecoder(code, start);
        var instructions = new List<Instruction>(code.Length / 4);
        while (decoder.Next(out var instruction, out _))
        {
            instructions.Add(instruction);
        }
        return [.. instructions];
    }

    /// <summary>Number of the instruction of <paramref name="code"/>, as <see cref="Decode"/> gives it, that begins last at or before <paramref name="place"/>; -1 when none does.</summary>
    public static int LastAtOrBefore(Instruction[] code, long place)
    {
        ArgumentNullException.ThrowIfNull(code);
        int low = 0, high = code.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if ((long)code[middle].IP <= place)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }
        return high;
    }

    /// <summary>Number of the instruction of <paramref name="code"/> that begins at <paramref name="place"/>; -1 when none does.</summary>
    public static int IndexOf(Instruction[] code, ulong place) =>
        LastAtOrBefore(code, (long)place) is >= 0 and var i && code[i].IP == place ? i : -1;

    /// <summary>
    /// What each of <paramref name="fields"/> is (ascending offsets of relocated fields in <paramref name="code"/>);
    /// an operand at the end of its instruction where the code cannot be decoded.
    /// </summary>
    public static Operand[] Operands(ReadOnlySpan<byte> code, ReadOnlySpan<int> fields)
    {
        var operands = new Operand[fields.Length];
        Array.Fill(operands, new Operand(4, false));
        if (fields.Length == 0)
        {
            return operands;
        }
        var decoder = new KernelDecoder(code.ToArray(), 0);
        var next = 0;
        while (next < fields.Length && decoder.Next(out var instruction, out var constants))
        {
            var end = (int)instruction.NextIP;
            for (; next < fields.Length && fields[next] < end; next++)
            {
                var displacement = end - instruction.Length + constants.DisplacementOffset;
                operands[next] = new Operand(end - fields[next], !instruction.IsInvalid && instruction.Op0Kind is OpKind.NearBranch64,
                    fields[next] == displacement ? UseOf(instruction) : OperandUse.Value);
            }
        }
        return operands;
    }

    /// <summary>What <paramref name="instruction"/> does with the displacement of its memory operand.</summary>
    private static OperandUse UseOf(in Instruction instruction) =>
        instruction.IsInvalid || instruction.MemoryDisplSize == 0 ? OperandUse.Value
        : !instruction.IsIPRelativeMemoryOperand && (instruction.MemoryBase != Register.None || instruction.MemoryIndex != Register.None) ? OperandUse.Indexed
        : instruction.Mnemonic is Mnemonic.Lea or Mnemonic.Nop ? OperandUse.Value : OperandUse.Direct;

    /// <summary>PC-relative operands of <paramref name="code"/> that point outside of it and carry no relocation.</summary>
    public static List<Escape> Escapes(ReadOnlySpan<byte> code, HashSet<int> relocated)
    {
        ArgumentNullException.ThrowIfNull(relocated);
        var found = new List<Escape>();
        var decoder = new KernelDecoder(code.ToArray(), 0);
        while (decoder.Next(out var instruction, out var constants))
        {
            if (instruction.IsInvalid)
            {
                continue;
            }
            var start = (int)instruction.IP;
            var branch = instruction.Op0Kind is OpKind.NearBranch64;
            if (!branch && !instruction.IsIPRelativeMemoryOperand)
            {
                continue;
            }
            var field = start + (branch ? constants.ImmediateOffset : constants.DisplacementOffset);
            var width = branch ? constants.ImmediateSize : constants.DisplacementSize;
            var target = (long)(branch ? instruction.NearBranchTarget : instruction.IPRelativeMemoryAddress);
            if (!relocated.Contains(field) && (target < 0 || target >= code.Length))
            {
                found.Add(new Escape(field, width, (int)instruction.NextIP, target, branch));
            }
        }
        return found;
    }
}
