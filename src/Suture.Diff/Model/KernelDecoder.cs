using Iced.Intel;

namespace Suture.Diff.Model;

/// <summary>
/// Decodes code as kernels mean it: Linux 4.12 to 4.15 spell WARN as UD0 without the ModRM byte that manuals have come to give it (0f ff), and the next
/// instruction follows at once.
/// </summary>
internal sealed class KernelDecoder
{
    private const int Ud0Length = 2;

    private readonly byte[] _code;
    private readonly ByteArrayCodeReader _reader;
    private readonly Decoder _decoder;
    private readonly int _start;

    /// <summary>Begins at <paramref name="start"/>; the IP of each instruction is its offset in <paramref name="code"/>.</summary>
    public KernelDecoder(byte[] code, int start)
    {
        (_code, _start) = (code, start);
        _reader = new ByteArrayCodeReader(code, start, code.Length - start);
        _decoder = Decoder.Create(64, _reader);
        _decoder.IP = (ulong)start;
    }

    /// <summary>The next instruction and where the constants in it are; false at the end of the code.</summary>
    public bool Next(out Instruction instruction, out ConstantOffsets constants)
    {
        (instruction, constants) = (default, default);
        var at = (int)_decoder.IP;
        if (at >= _code.Length)
        {
            return false;
        }
        if (_code.AsSpan(at).StartsWith([(byte)0x0f, (byte)0xff]))
        {
            instruction.Code = Code.Ud0;
            instruction.Length = Ud0Length;
            instruction.NextIP = (ulong)(at + Ud0Length);
            _decoder.IP = instruction.NextIP;
            _reader.Position = at + Ud0Length - _start;
            return true;
        }
        _decoder.Decode(out instruction);
        constants = _decoder.GetConstantOffsets(instruction);
        return true;
    }
}
