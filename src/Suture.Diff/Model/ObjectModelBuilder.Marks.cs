using Suture.Elf;

namespace Suture.Diff.Model;

/// <content>What kernels add to the addresses in their tables, and take off again when they read them.</content>
internal sealed partial class ObjectModelBuilder
{
    /// <summary>Kernels before 4.6 mark an exception whose handler must say so by adding this to the fixup's address.</summary>
    private const long MarkedFixup = 0x7ffffff0;

    /// <summary>
    /// Before 5.19 the distances in a bug entry count from the entry rather than from their field: the relocation of the
    /// file name then says so many bytes more than where the name begins as its field is away from the entry.
    /// </summary>
    private static long FromEntry(Relocation relocation, int field)
    {
        if (relocation.Type != RelocationType.Pc32 || relocation.Symbol.Section is not { IsCode: false } texts)
        {
            return 0;
        }
        // A label is where the text begins. A section is not, but there the bytes tell.
        var place = (long)relocation.Symbol.Value + relocation.Addend;
        var isFromEntry = relocation.Symbol.IsSection
            ? BeginsText(texts, place - field) && !BeginsText(texts, place)
            : relocation.Addend == field;
        return isFromEntry ? field : 0;
    }

    private static bool BeginsText(Section section, long offset) => offset >= 0 && offset < section.Data.Length
        && section.Data[offset] != 0 && (offset == 0 || section.Data[offset - 1] == 0);
}
