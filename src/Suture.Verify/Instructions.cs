using Iced.Intel;

namespace Suture.Verify;

/// <summary>Code taken apart into instructions, as far as references need it.</summary>
internal static class Instructions
{
    /// <summary>An operand: where it is written, where its instruction begins, where the processor counts from, and for near branches where it leads.</summary>
    public readonly record struct Operand(int At, int Width, int Start, int Next, bool IsBranch, long? Target);

    /// <summary>The 32-bit displacements and the branch operands in <paramref name="code"/>, by offset.</summary>
    public static Dictionary<int, Operand> Operands(ReadOnlySpan<byte> code)
    {
        var operands = new Dictionary<int, Operand>();
        var decoder = Decoder.Create(64, code.ToArray());
        while (decoder.IP < (ulong)code.Length)
        {
            decoder.Decode(out var instruction);
            if (instruction.IsInvalid)
            {
                break;
            }
            var start = (int)instruction.IP;
            var constants = decoder.GetConstantOffsets(instruction);
            if (constants.HasDisplacement && constants.DisplacementSize == 4)
            {
                operands[start + constants.DisplacementOffset] = new Operand(start + constants.DisplacementOffset, 4, start, (int)instruction.NextIP, false, null);
            }
            if (instruction.Op0Kind is OpKind.NearBranch64 && constants.HasImmediate)
            {
                operands[start + constants.ImmediateOffset] = new Operand(
                    start + constants.ImmediateOffset, constants.ImmediateSize, start, (int)instruction.NextIP, true, (long)instruction.NearBranch64);
            }
        }
        return operands;
    }

    /// <summary><paramref name="code"/> with the constants that are loaded or stored zero, where they are as small as line numbers.</summary>
    public static byte[] WithoutSmallConstants(byte[] code)
    {
        var result = code.ToArray();
        var decoder = Decoder.Create(64, code);
        while (decoder.IP < (ulong)code.Length)
        {
            decoder.Decode(out var instruction);
            var constants = decoder.GetConstantOffsets(instruction);
            if (instruction.Mnemonic is Mnemonic.Mov or Mnemonic.Push && constants is { HasImmediate: true, ImmediateSize: 4 })
            {
                var field = result.AsSpan((int)instruction.IP + constants.ImmediateOffset, 4);
                if (BitConverter.ToUInt32(field) < 1 << 20)
                {
                    field.Clear();
                }
            }
        }
        return result;
    }

    /// <summary>Whether <paramref name="code"/> is nothing but what fills space between functions.</summary>
    public static bool IsPadding(ReadOnlySpan<byte> code)
    {
        if (!code.ContainsAnyExcept((byte)0))
        {
            return true;
        }
        var decoder = Decoder.Create(64, code.ToArray());
        while (decoder.IP < (ulong)code.Length)
        {
            decoder.Decode(out var instruction);
            if (instruction.IsInvalid || instruction.Code is not (Code.Nopd or Code.Nopw or Code.Nopq or Code.Nop_rm16 or Code.Nop_rm32 or Code.Nop_rm64 or Code.Int3))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The instruction of <paramref name="code"/> that holds byte <paramref name="at"/>, as text; null when the bytes make none.</summary>
    public static string? Text(ReadOnlySpan<byte> code, int at)
    {
        var decoder = Decoder.Create(64, code.ToArray());
        while (decoder.IP <= (ulong)at)
        {
            decoder.Decode(out var instruction);
            if (instruction.IsInvalid)
            {
                return null;
            }
            if (instruction.NextIP > (ulong)at)
            {
                return instruction.ToString();
            }
        }
        return null;
    }
}
