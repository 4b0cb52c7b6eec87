using Suture.Elf;
using Suture.Module;

namespace Suture.Build.Note;

/// <summary>Which code of a module, as its file has it, the kernel changes when it loads the module or later: relocated fields, and the places in its tables.</summary>
internal static class ModuleTables
{
    /// <summary>The places in the <paramref name="size"/> bytes at <paramref name="start"/> of <paramref name="code"/>, as offsets from there.</summary>
    public static IEnumerable<(int Offset, int Length)> Within(ElfObject module, Section code, ulong start, int size, IReadOnlyDictionary<string, int> entrySizes)
    {
        var places = new CodePlaces();
        foreach (var r in code.Relocations)
        {
            places.Add(r.Offset, Math.Max(0, RelocationType.Width(r.Type)));
        }
        foreach (var table in module.Sections)
        {
            var entrySize = EntrySize(table.Name, entrySizes);
            foreach (var r in entrySize == 0 ? [] : table.Relocations)
            {
                var place = (long)r.Symbol.Value + r.Addend;
                if (r.Offset % (ulong)entrySize == 0 && r.Symbol.Section == code && place >= 0 && place < code.Data.Length)
                {
                    places.Add((ulong)place, RewrittenInstruction.Length(table.Name, entrySize, table.Data.AsSpan((int)r.Offset), code.Data.AsSpan((int)place)));
                }
            }
        }
        return places.Within(start, size);
    }

    private static int EntrySize(string table, IReadOnlyDictionary<string, int> sizes) => table switch
    {
        ".altinstructions" => sizes["alt"],
        ".parainstructions" => sizes.GetValueOrDefault("para"),
        "__jump_table" => sizes["jump"],
        ".static_call_sites" => sizes["static_call"],
        "__mcount_loc" => 8,
        ".retpoline_sites" or ".return_sites" or ".call_sites" or ".ibt_endbr_seal" or ".smp_locks" => 4,
        _ => 0,
    };
}
