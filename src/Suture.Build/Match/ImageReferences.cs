using System.Buffers.Binary;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Match;

/// <summary>
/// Finds in a linked kernel image who refers to an address: calls and jumps are distances in its code, pointers whole addresses in
/// its data. Jumps too short for four bytes are not found; they never leave the unit that holds the address.
/// </summary>
internal static class ImageReferences
{
    private const ulong PageSize = 4096;

    /// <summary>
    /// Names of the functions and data that refer to <paramref name="address"/>, with a mark behind a name that several symbols have; null
    /// when the image does not tell where its code is. Boot code is left out: it ran.
    /// </summary>
    public static IReadOnlyList<string>? To(ulong address, ElfImage image, SystemMap symbols)
    {
        if (symbols.Find("_stext") is not [var text] || symbols.Find("_etext") is not [var textEnd] || symbols.Find("_edata") is not [var dataEnd])
        {
            return null;
        }
        var users = new HashSet<string>(StringComparer.Ordinal);
        void Add(ulong place)
        {
            var name = symbols.FindByAddress(place)?.Name ?? "";
            users.Add(symbols.Find(name).Count == 1 ? name : name + " (one of several)");
        }
        foreach (var (start, bytes) in Pieces(image, text.Address, textEnd.Address))
        {
            var code = bytes.Span;
            for (var i = 0; i + 4 <= code.Length; i++)
            {
                var value = BinaryPrimitives.ReadInt32LittleEndian(code[i..]);
                if (value == unchecked((int)address) || value == unchecked((long)(address - start) - i - 4))
                {
                    Add(start + (ulong)i);
                }
            }
        }
        var pointer = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(pointer, address);
        foreach (var (start, bytes) in Pieces(image, textEnd.Address, dataEnd.Address))
        {
            for (int at = 0, found; (found = bytes.Span[at..].IndexOf(pointer)) >= 0; at += found + 1)
            {
                Add(start + (ulong)(at + found));
            }
        }
        return [.. users];
    }

    private static IEnumerable<(ulong Start, ReadOnlyMemory<byte> Bytes)> Pieces(ElfImage image, ulong start, ulong end)
    {
        while (start < end)
        {
            var bytes = image.ReadUpTo(start, (int)Math.Min(end - start, int.MaxValue)).ToArray();
            if (bytes.Length > 0)
            {
                yield return (start, bytes);
            }
            start = bytes.Length > 0 ? start + (ulong)bytes.Length : (start / PageSize + 1) * PageSize;
        }
    }
}
