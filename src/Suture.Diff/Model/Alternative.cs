using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>
/// Entries of <c>.altinstructions</c> (struct alt_instr, arch/x86/include/asm/alternative.h): a place in code, the replacement for it, and the lengths of both.
/// </summary>
internal static class Alternative
{
    /// <summary>The section of the entries.</summary>
    public const string Table = ".altinstructions";

    /// <summary>Whether code of this section is only ever copied elsewhere, as many bytes of it as an entry says.</summary>
    public static bool IsReplacement(Section section) => section.Name == ".altinstr_replacement";

    /// <summary>
    /// Bytes of the replacement, of <paramref name="entry"/>. The length stands at the end, but for 4.1 to 5.12, where that of the padding comes last; those
    /// entries are 13 bytes long.
    /// </summary>
    public static int ReplacementLength(ReadOnlySpan<byte> entry) => entry.Length < 12 ? -1 : entry[entry.Length == 13 ? 11 : entry.Length - 1];

    /// <summary>Whether nothing but no-ops replaces the code: the pointer to the replacement is then to whatever comes next.</summary>
    public static bool IsEmpty(ReadOnlySpan<byte> entry) => ReplacementLength(entry) == 0;
}
