using Iced.Intel;

namespace Suture.Lab.Memory;

/// <summary>Machine code as text, for messages.</summary>
internal static class CodeText
{
    /// <summary>The instruction of <paramref name="code"/> that holds byte <paramref name="at"/>.</summary>
    public static string At(byte[] code, int at)
    {
        var decoder = Decoder.Create(64, code);
        while (decoder.IP <= (ulong)at)
        {
            decoder.Decode(out var instruction);
            if (instruction.NextIP > (ulong)at)
            {
                return instruction.IsInvalid ? "no instruction" : instruction.ToString();
            }
        }
        return "no instruction";
    }
}
