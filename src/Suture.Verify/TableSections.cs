namespace Suture.Verify;

/// <summary>The tables whose entries describe places in code, and which sections matter at all.</summary>
public static class TableSections
{
    /// <summary>Tables that compilers and assemblers write, with entry sizes that never varied; the others' sizes come from the kernel's headers.</summary>
    public static IReadOnlyDictionary<string, int> FixedSizes { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        [".smp_locks"] = 4,
        ["__mcount_loc"] = 8,
        [".static_call_sites"] = 8,
        [".retpoline_sites"] = 4,
        [".return_sites"] = 4,
        [".kcfi_traps"] = 4,
        [".cfi_sites"] = 4,
    };

    /// <summary>Tables that the kernel's objtool alone writes and that say nothing that could be told without it.</summary>
    public static IReadOnlyDictionary<string, int> OfObjtool { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        [".orc_unwind_ip"] = 4,
        [".call_sites"] = 4,
        [".ibt_endbr_seal"] = 4,
    };

    /// <summary>Names of tables whose entry sizes depend on the kernel.</summary>
    public static IReadOnlyList<string> Varying { get; } = [".altinstructions", "__bug_table", "__ex_table", "__jump_table", ".parainstructions"];

    /// <summary>
    /// Whether an entry of <c>.altinstructions</c> puts no code in place of other code, but no-ops (struct alt_instr, arch/x86/include/asm/alternative.h): its second pointer leads to
    /// whatever comes next, and nobody reads there. The length of the replacement is the last byte, in entries of 13 bytes (4.1 to 5.12) the one before.
    /// </summary>
    public static bool IsWithoutReplacement(string section, ReadOnlySpan<byte> entry) => section == ".altinstructions" && entry.Length is >= 12 and <= 16 && entry[entry.Length == 13 ? ^2 : ^1] == 0;

    /// <summary>Whether a section says nothing about what a module does: notes, debug information, the build's own marks.</summary>
    public static bool IsIgnored(string name) =>
        name is ".comment" or ".modinfo" or ".printk_index" or ".export_symbol" or ".eh_frame" or ".orc_unwind" or ".orc_header"
            or "__patchable_function_entries" or "__versions" or Manifest.SectionName or ".suture.layout"
        || name.StartsWith(".discard", StringComparison.Ordinal) || name.StartsWith(".debug", StringComparison.Ordinal)
        || name.StartsWith(".BTF", StringComparison.Ordinal) || name.StartsWith(".note", StringComparison.Ordinal)
        || name.StartsWith(".llvm", StringComparison.Ordinal) || name.StartsWith(".gnu.", StringComparison.Ordinal) && name != ".gnu.linkonce.this_module";

    /// <summary>Whether code or data of this section is gone once the system is up, or never runs again. Code for memory and CPUs that are plugged in later stays.</summary>
    public static bool IsBootOnly(string name) => name.StartsWith(".init", StringComparison.Ordinal) || name.StartsWith(".exit", StringComparison.Ordinal);
}
