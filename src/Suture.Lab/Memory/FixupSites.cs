using Suture.Verify;

namespace Suture.Lab.Memory;

/// <summary>
/// Instructions that the kernel rewrites when it loads a module or later, as the module's own tables declare them: alternatives, lock
/// prefixes, retpolines and returns, jump labels, static calls, tracer calls.
/// </summary>
internal sealed class FixupSites
{
    private readonly Dictionary<(int Section, long At), (string Table, int Length)> _sites = [];

    public FixupSites(RelocatableFile module, IReadOnlyDictionary<string, int> entrySizes)
    {
        foreach (var table in module.Sections.Where(s => s.IsAlloc && s.Size > 0))
        {
            var size = entrySizes.TryGetValue(table.Name, out var known) ? known : table.Name is ".call_sites" or ".ibt_endbr_seal" ? 4 : 0;
            if (size == 0 || table.Name is "__bug_table" or "__ex_table")
            {
                continue;
            }
            foreach (var r in module.RelocationsOf(table).Where(r => r.Offset % size == 0 && r.Symbol.Section is not null))
            {
                var (code, at) = (r.Symbol.Section!, r.Symbol.Value + r.Addend);
                var entry = module.BytesOf(table)[(int)r.Offset..];
                var bytes = module.BytesOf(code);
                if (at >= 0 && at < bytes.Length)
                {
                    var length = Length(table.Name, size, entry, bytes[(int)at..]);
                    if (!_sites.TryGetValue((code.Index, at), out var other) || other.Length < length)
                    {
                        _sites[(code.Index, at)] = (table.Name, length);
                    }
                }
            }
        }
    }

    /// <summary>The table that lets the kernel rewrite a byte of code; null when none does.</summary>
    public (string Table, long At)? Covering(FileSection code, long at)
    {
        // No instruction is longer than 15 bytes, but alternatives span several.
        for (var start = at; start >= 0 && at - start < byte.MaxValue; start--)
        {
            if (_sites.TryGetValue((code.Index, start), out var site) && at < start + site.Length)
            {
                return (site.Table, start);
            }
        }
        return null;
    }

    private static int Length(string table, int size, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> code) => table switch
    {
        ".smp_locks" => 1,
        ".ibt_endbr_seal" => 4,
        // struct alt_instr: two offsets, what it depends on, instrlen, replacementlen; 13 bytes with a padlen after these.
        ".altinstructions" => entry[size == 13 ? 10 : size - 2],
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
