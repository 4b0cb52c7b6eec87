namespace Suture.Module;

/// <summary>
/// How far the kernel may rewrite code at a place that one of its tables lists (arch/x86/kernel: alternative.c, jump_label.c,
/// static_call.c, callthunks.c, ftrace.c).
/// </summary>
public static class RewrittenInstruction
{
    /// <summary>Bytes from the place on.</summary>
    /// <param name="table">Name of the table's section, as in a module.</param>
    /// <param name="entrySize">Bytes of one entry of it.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="code">The code at the place, as built.</param>
    public static int Length(string table, int entrySize, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> code) => table switch
    {
        ".smp_locks" => 1,
        ".ibt_endbr_seal" => 4,
        // struct alt_instr: two offsets, what it depends on, instrlen, replacementlen; 13 bytes with a padlen after these.
        ".altinstructions" => entry[entrySize == 13 ? 10 : entrySize - 2],
        // struct paravirt_patch_site: address, type, length.
        ".parainstructions" => entry[9],
        _ => code switch
        {
            [0xeb or 0x66, ..] => 2,
            [0x2e, ..] => 6,
            [0x0f, >= 0x80 and <= 0x8f, ..] => 6,
            _ => 5,
        },
    };
}
