using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>
/// Special sections: tables whose entries describe places in code. Each entry goes where its code goes. Layouts
/// vary by kernel; they come from the caller (a compiler probe) or are told by where the entries have relocations.
/// </summary>
public static class SpecialSections
{
    /// <summary>One kind of special section.</summary>
    /// <param name="Name">Section name.</param>
    /// <param name="Option">Name of its size in <c>--entry-size</c>, empty when the size never varied.</param>
    /// <param name="Layouts">The layouts that kernels have used, likeliest first.</param>
    public sealed record Kind(string Name, string Option, EntryLayout[] Layouts);

    private static readonly Kind[] Kinds =
    [
        // struct alt_instr: from 3.x; with padlen 4.1 to 5.12; with 32 bits of feature and flags from 6.3.
        new(".altinstructions", "alt", [Relative(12, 2), Relative(13, 2), Relative(14, 2)]),
        // struct bug_entry: with file and line; with a format too; without either; with absolute addresses.
        new("__bug_table", "bug",
        [
            Relative(12, 2) with { Line = 8 }, Relative(16, 3) with { Line = 12 }, Relative(8, 1), Absolute(24, 2) with { Line = 16 }, Absolute(16, 1),
        ]),
        // struct exception_table_entry: with type (5.16); with handler (4.6); neither (3.5); absolute (before).
        new("__ex_table", "ex", [Relative(12, 2), Relative(12, 3) with { LastIsNamed = true }, Relative(8, 2), Absolute(16, 2)]),
        // struct jump_entry: relative with a 64-bit key from 4.19, absolute before.
        new("__jump_table", "jump", [new EntryLayout(16, [(0, 4), (4, 4), (8, 8)]), Absolute(24, 3)]),
        // struct paravirt_patch_site; assembler macros leave out what pads the last one to 16 bytes.
        new(".parainstructions", "para", [Absolute(16, 1) with { LastMayBeShort = true }, Relative(12, 1)]),
        new(".static_call_sites", "static_call", [Relative(8, 2)]),
        new(".smp_locks", "", [Relative(4, 1), Absolute(8, 1)]),
        new(".retpoline_sites", "", [Relative(4, 1)]),
        new(".return_sites", "", [Relative(4, 1)]),
        new(".call_sites", "", [Relative(4, 1)]),
        new(".ibt_endbr_seal", "", [Relative(4, 1)]),
        new(".kcfi_traps", "", [Relative(4, 1)]),
        new(".cfi_sites", "", [Relative(4, 1)]),
        new(".orc_unwind_ip", "", [Relative(4, 1)]),
        new("__mcount_loc", "", [Absolute(8, 1)]),
        new("__patchable_function_entries", "", [Absolute(8, 1)]),
    ];

    private static readonly Dictionary<string, Kind> ByName = Kinds.ToDictionary(k => k.Name, StringComparer.Ordinal);

    // Annotations for objtool: address alone, address and kind, struct unwind_hint; relative or absolute.
    private static readonly EntryLayout[] Annotations = [Relative(4, 1), Relative(8, 1), Absolute(8, 1), Relative(12, 1), Absolute(16, 1)];

    private static EntryLayout Relative(int size, int pointers) => new(size, [.. Enumerable.Range(0, pointers).Select(i => (4 * i, 4))]);

    private static EntryLayout Absolute(int size, int pointers) => new(size, [.. Enumerable.Range(0, pointers).Select(i => (8 * i, 8))]);

    /// <summary>The kind of <paramref name="section"/>, or null when it is an ordinary section.</summary>
    public static Kind? Find(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        if (ByName.TryGetValue(section.Name, out var kind))
        {
            return kind;
        }
        if (HoldsBootConstants(section))
        {
            return new Kind(section.Name, "", [Relative(4, 1)]);
        }
        return section.Name.StartsWith(".discard.", StringComparison.Ordinal) && !section.IsCode && !IsIgnored(section)
            ? new Kind(section.Name, "", Annotations)
            : null;
    }

    /// <summary>Sections that never matter for a live patch: notes, debug information, build-time bookkeeping.</summary>
    public static bool IsIgnored(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        var name = section.Name;
        return section.Type is SectionType.Group or SectionType.Note
            || name is ".comment" or ".modinfo" or ".printk_index" or ".export_symbol" or ".eh_frame" or ".BTF" or ".BTF.ext"
                or ".orc_unwind" or ".orc_header" or ".discard.addressable" or ".discard.sym_checksum" or ".GCC.command.line"
            || Marks.IsMarkSection(name)
            || name.StartsWith(".debug", StringComparison.Ordinal)
            || name.StartsWith(".llvm", StringComparison.Ordinal)
            || name.StartsWith(".gnu.", StringComparison.Ordinal)
            || name.StartsWith(".note", StringComparison.Ordinal)
            || IsConstructorTable(section);
    }

    /// <summary>
    /// Whether code or data of this section is gone, or never used again, once the system is up. That of memory and CPUs (.meminit, .cpuinit) is not: it
    /// stays where they can be plugged in later, and runs then.
    /// </summary>
    public static bool IsInit(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return section.Name.StartsWith(".init", StringComparison.Ordinal) || section.Name.StartsWith(".exit", StringComparison.Ordinal);
    }

    /// <summary>Whether its data is private to one use of a macro (see <see cref="SymbolNames.IsOwnCopy"/>), whatever its name.</summary>
    public static bool HoldsOwnCopies(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return section.Name is "__dyndbg" or "__verbose" or ".data..once" or ".data.once" or "_ftrace_annotated_branch" or "_ftrace_branch";
    }

    /// <summary>
    /// Whether it lists places in code that the kernel's boot writes the value of a variable into, a table for each variable
    /// (arch/x86/include/asm/runtime-const.h, from Linux 6.11 on). It does so in its own image only.
    /// </summary>
    public static bool HoldsBootConstants(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return section.IsAlloc && section.Name.StartsWith("runtime_", StringComparison.Ordinal) && section.Name.IndexOf('_', "runtime_".Length) > 0;
    }

    /// <summary>The variable whose value the places of such a table get: <c>limit</c> for <c>runtime_ptr_limit</c>.</summary>
    public static string BootConstantOf(string table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return table[(table.IndexOf('_', "runtime_".Length) + 1)..];
    }

    /// <summary>
    /// Whether it lists functions that run once, when the image boots or the module loads. Compilers make such
    /// functions to register what sanitizers and profilers keep of an object.
    /// </summary>
    public static bool IsConstructorTable(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        var name = section.Name;
        return name.StartsWith(".init_array", StringComparison.Ordinal) || name.StartsWith(".fini_array", StringComparison.Ordinal)
            || name.StartsWith(".ctors", StringComparison.Ordinal) || name.StartsWith(".dtors", StringComparison.Ordinal);
    }

    /// <summary>Whether the last entry of <paramref name="table"/> may end before the padding that would follow it.</summary>
    public static bool LastMayBeShort(Section table) => Find(table)?.Layouts.Any(l => l.LastMayBeShort) == true;

    /// <summary>
    /// Layout of the entries of <paramref name="section"/>: of the given size, else the likeliest that its relocations
    /// fit. Null for objtool's annotations of a form unknown: nothing but objtool reads them.
    /// </summary>
    /// <exception cref="ElfFormatException">No known layout fits the section.</exception>
    public static EntryLayout? Layout(Kind kind, Section section, IReadOnlyDictionary<string, int> given, string file)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(given);
        // One that explains each field comes before one that leaves some without a relocation.
        var known = Array.Find(kind.Layouts, l => l.Fits(section) && l.IsFilledBy(section)) ?? Array.Find(kind.Layouts, l => l.Fits(section));
        if (kind.Option.Length > 0 && given.TryGetValue(kind.Option, out var size))
        {
            known = known?.Size == size ? known
                : Array.Find(kind.Layouts, l => l.Size == size && l.Fits(section)) ?? new EntryLayout(size, []);
            return size > 0 && known.HasStarts(section) ? known : throw new ElfFormatException(file, $"section {section.Name}",
                $"{section.Size} bytes with {section.Relocations.Count} relocations do not fit entries of {size} bytes");
        }
        if (known is null && section.EntrySize is > 1 and <= 64 && new EntryLayout((int)section.EntrySize, []) is var stated && stated.HasStarts(section))
        {
            return stated;
        }
        return known is not null || kind.Layouts == Annotations ? known : throw new ElfFormatException(file, $"section {section.Name}",
            kind.Option.Length > 0 ? $"entries have no layout known to Suture; give their size with --entry-size {kind.Option}=BYTES" : "entries have no layout known to Suture");
    }
}
