using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>
/// Special sections: tables whose entries describe places in code. Each entry goes where its code goes.
/// Entry sizes vary by kernel; they come from the caller (a compiler probe) or are inferred from the
/// spacing of relocations, within the sizes that have existed.
/// </summary>
public static class SpecialSections
{
    /// <summary>One kind of special section.</summary>
    /// <param name="Name">Section name.</param>
    /// <param name="Option">Name of its size in <c>--entry-size</c>, empty when the size never varied.</param>
    /// <param name="Sizes">Entry sizes in bytes that kernels have used, likeliest first.</param>
    public sealed record Kind(string Name, string Option, int[] Sizes);

    private static readonly Kind[] Kinds =
    [
        new(".altinstructions", "alt", [12, 14, 13, 16]),
        new("__bug_table", "bug", [12, 16, 8, 6, 24]),
        new("__ex_table", "ex", [12, 8, 16]),
        new("__jump_table", "jump", [16, 24]),
        new(".parainstructions", "para", [16, 12]),
        new(".static_call_sites", "static_call", [8]),
        new(".smp_locks", "", [4, 8]),
        new(".retpoline_sites", "", [4]),
        new(".return_sites", "", [4]),
        new(".call_sites", "", [4]),
        new(".ibt_endbr_seal", "", [4]),
        new(".kcfi_traps", "", [4]),
        new(".cfi_sites", "", [4]),
        new(".orc_unwind_ip", "", [4]),
        new("__mcount_loc", "", [8]),
        new("__patchable_function_entries", "", [8]),
    ];

    private static readonly Dictionary<string, Kind> ByName = Kinds.ToDictionary(k => k.Name, StringComparer.Ordinal);

    /// <summary>The kind of <paramref name="section"/>, or null when it is an ordinary section.</summary>
    public static Kind? Find(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        if (ByName.TryGetValue(section.Name, out var kind))
        {
            return kind;
        }
        // Annotations for objtool: one relocation an entry, pointing at the instruction they mark.
        return section.Name.StartsWith(".discard.", StringComparison.Ordinal) && !IsIgnored(section)
            ? new Kind(section.Name, "", [4, 8])
            : null;
    }

    /// <summary>Sections of code that other tables point into and that no symbol names.</summary>
    public static bool IsChunked(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return section.Name is ".altinstr_replacement" or ".altinstr_aux" or ".fixup";
    }

    /// <summary>Sections that never matter for a live patch: notes, debug information, build-time bookkeeping.</summary>
    public static bool IsIgnored(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        var name = section.Name;
        return section.Type is SectionType.Group or SectionType.Note
            || name is ".comment" or ".modinfo" or ".printk_index" or ".export_symbol" or ".eh_frame"
                or ".orc_unwind" or ".orc_header" or ".discard.addressable" or ".discard.sym_checksum"
            || name.StartsWith(".debug", StringComparison.Ordinal)
            || name.StartsWith(".BTF", StringComparison.Ordinal)
            || name.StartsWith(".llvm", StringComparison.Ordinal)
            || name.StartsWith(".gnu.", StringComparison.Ordinal)
            || name.StartsWith(".note", StringComparison.Ordinal);
    }

    /// <summary>
    /// Entry size of <paramref name="section"/> in bytes: the given one, else the likeliest under which every
    /// entry starts with a relocation and all have relocations at the same places.
    /// </summary>
    /// <exception cref="ElfFormatException">No known size fits the section.</exception>
    public static int EntrySize(Kind kind, Section section, IReadOnlyDictionary<string, int> given, string file)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(given);
        if (kind.Option.Length > 0 && given.TryGetValue(kind.Option, out var size))
        {
            if (size <= 0 || !Fits(section, size))
            {
                throw new ElfFormatException(file, $"section {section.Name}",
                    $"{section.Size} bytes with {section.Relocations.Count} relocations do not fit entries of {size} bytes");
            }
            return size;
        }
        if (section.EntrySize > 1 && section.EntrySize <= 64 && Fits(section, (int)section.EntrySize))
        {
            return (int)section.EntrySize;
        }
        foreach (var candidate in kind.Sizes)
        {
            if (Fits(section, candidate))
            {
                return candidate;
            }
        }
        throw new ElfFormatException(file, $"section {section.Name}",
            "entries have no size known to Suture; give it with --entry-size");
    }

    private static bool Fits(Section section, int size)
    {
        // Some assembler macros align before an entry and not after it: the last one may be short.
        var length = section.Data.Length;
        if (length % size != 0 && (section.Name != ".parainstructions" || length % size < 10))
        {
            return false;
        }
        var entries = (length + size - 1) / size;
        var starts = 0;
        foreach (var relocation in section.Relocations)
        {
            starts += relocation.Offset % (ulong)size == 0 ? 1 : 0;
        }
        return starts == entries && section.Relocations.Count % entries == 0;
    }
}
