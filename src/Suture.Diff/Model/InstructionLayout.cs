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

    /// <summary>The instruction that a relocated field is part of.</summary>
    /// <param name="PcDelta">Bytes from the field to the end of the instruction.</param>
    /// <param name="IsBranch">Whether it is a call or jump.</param>
    public readonly record struct Field(int PcDelta, bool IsBranch);

    /// <summary>
    /// The instruction around each of <paramref name="offsets"/> (ascending offsets of relocated fields in <paramref name="code"/>);
    /// where the code cannot be decoded, a plain operand at the end of its instruction.
    /// </summary>
    public static Field[] Fields(ReadOnlySpan<byte> code, ReadOnlySpan<int> offsets)
    {
        var fields = new Field[offsets.Length];
        Array.Fill(fields, new Field(4, false));
        if (offsets.Length == 0)
        {
            return fields;
        }
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code.ToArray()));
        var next = 0;
        while (decoder.IP < (ulong)code.Length && next < offsets.Length)
        {
            decoder.Decode(out var instruction);
            var end = (int)decoder.IP;
            for (; next < offsets.Length && offsets[next] < end; next++)
            {
                fields[next] = new Field(end - offsets[next], instruction.Op0Kind == OpKind.NearBranch64);
            }
        }
        return fields;
    }

    /// <summary>PC-relative operands of <paramref name="code"/> that point outside of it and carry no relocation.</summary>
    public static List<Escape> Escapes(ReadOnlySpan<byte> code, HashSet<int> relocated)
    {
        ArgumentNullException.ThrowIfNull(relocated);
        var found = new List<Escape>();
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code.ToArray()));
        while (decoder.IP < (ulong)code.Length)
        {
            var start = (int)decoder.IP;
            decoder.Decode(out var instruction);
            if (instruction.IsInvalid)
            {
                continue;
            }
            var constants = decoder.GetConstantOffsets(instruction);
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
                found.Add(new Escape(field, width, (int)decoder.IP, target, branch));
            }
        }
        return found;
    }
}
