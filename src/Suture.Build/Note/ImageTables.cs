using System.Buffers.Binary;
using Suture.Elf;
using Suture.Kernel;
using Suture.Module;

namespace Suture.Build.Note;

/// <summary>
/// Which code of the kernel image a running kernel may have changed: the places listed in the tables that the image carries for its own
/// patching at boot and later, found by the symbols that its linker script puts around them, and the fields that hold addresses, which
/// change when the kernel moves itself at boot.
/// </summary>
internal static class ImageTables
{
    /// <summary>A table between two symbols.</summary>
    /// <param name="Start">Symbol at its first byte.</param>
    /// <param name="End">Symbol behind its last.</param>
    /// <param name="Section">Its name in modules.</param>
    /// <param name="EntrySize">Bytes of an entry; each begins with its place, as an address in 8 bytes or as a distance in 4.</param>
    /// <param name="Absolute">Whether it is an address.</param>
    private sealed record Table(string Start, string End, string Section, int EntrySize, bool Absolute = false);

    /// <summary>The places; null when the image does not tell all of them: a table without bytes, or no list of the fields that move.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="entrySizes">Bytes per entry of the tables whose layout varies, by the names that <c>--entry-size</c> takes.</param>
    public static CodePlaces? Read(KernelBuild kernel, IReadOnlyDictionary<string, int> entrySizes)
    {
        var places = new CodePlaces();
        return Tables(entrySizes).Concat(RuntimeConstants(kernel.Symbols)).All(t => Read(kernel, t, places))
            && (AddMovedFields(kernel.Image.Trailer, places) || !kernel.Config.IsSet("CONFIG_X86_NEED_RELOCS")) ? places : null;
    }

    /// <summary>include/asm-generic/vmlinux.lds.h, arch/x86/kernel/vmlinux.lds.S.</summary>
    private static IEnumerable<Table> Tables(IReadOnlyDictionary<string, int> entrySizes)
    {
        yield return new("__alt_instructions", "__alt_instructions_end", ".altinstructions", entrySizes["alt"]);
        if (entrySizes.TryGetValue("para", out var size))
        {
            yield return new("__parainstructions", "__parainstructions_end", ".parainstructions", size, Absolute: true);
        }
        yield return new("__start___jump_table", "__stop___jump_table", "__jump_table", entrySizes["jump"]);
        yield return new("__start_static_call_sites", "__stop_static_call_sites", ".static_call_sites", entrySizes["static_call"]);
        yield return new("__retpoline_sites", "__retpoline_sites_end", ".retpoline_sites", 4);
        yield return new("__return_sites", "__return_sites_end", ".return_sites", 4);
        yield return new("__call_sites", "__call_sites_end", ".call_sites", 4);
        yield return new("__ibt_endbr_seal", "__ibt_endbr_seal_end", ".ibt_endbr_seal", 4);
        yield return new("__smp_locks", "__smp_locks_end", ".smp_locks", 4);
        yield return new("__start_mcount_loc", "__stop_mcount_loc", "__mcount_loc", 8, Absolute: true);
    }

    /// <summary>From 6.11 on, constants in code that the boot decides: a table for each (arch/x86/include/asm/runtime-const.h).</summary>
    private static IEnumerable<Table> RuntimeConstants(SystemMap symbols)
    {
        const string start = "__start_";
        foreach (var symbol in symbols.All.Where(s => s.Name.StartsWith(start + "runtime_", StringComparison.Ordinal)))
        {
            var name = symbol.Name[start.Length..];
            yield return new(symbol.Name, "__stop_" + name, name, 4);
        }
    }

    private static bool Read(KernelBuild kernel, Table table, CodePlaces places)
    {
        // A kernel without the feature has no such table.
        if (kernel.Symbols.Find(table.Start) is not [var start] || kernel.Symbols.Find(table.End) is not [var end] || end.Address <= start.Address)
        {
            return true;
        }
        if (!kernel.Image.TryRead(start.Address, (int)(end.Address - start.Address), out var bytes))
        {
            return false;
        }
        for (var at = 0; at + table.EntrySize <= bytes.Length; at += table.EntrySize)
        {
            var entry = bytes.Slice(at, table.EntrySize);
            var place = table.Absolute
                ? BinaryPrimitives.ReadUInt64LittleEndian(entry)
                : start.Address + (ulong)at + (ulong)BinaryPrimitives.ReadInt32LittleEndian(entry);
            places.Add(place, Length(table, entry, kernel.Image.ReadUpTo(place, 2)));
        }
        return true;
    }

    private static int Length(Table table, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> code) =>
        table.Section.StartsWith("runtime_ptr_", StringComparison.Ordinal) ? 8
        : table.Section.StartsWith("runtime_shift_", StringComparison.Ordinal) ? 1
        : RewrittenInstruction.Length(table.Section, table.EntrySize, entry, code);

    /// <summary>
    /// Lists behind the image of where addresses stand, each in 4 bytes and begun by a zero: in fields of 8 bytes, then of 4
    /// (arch/x86/boot/compressed/misc.c, handle_relocations). False when there are none, or something else is there.
    /// </summary>
    private static bool AddMovedFields(ReadOnlySpan<byte> trailer, CodePlaces places)
    {
        var list = 0;
        var count = 0;
        for (; trailer.Length >= 4; trailer = trailer[4..])
        {
            var value = BinaryPrimitives.ReadInt32LittleEndian(trailer);
            if (value > 0)
            {
                return false;
            }
            if (value == 0)
            {
                list++;
                continue;
            }
            places.Add((ulong)value, list <= 1 ? 8 : 4);
            count++;
        }
        return count > 0;
    }
}
