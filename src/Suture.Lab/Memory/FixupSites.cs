using Suture.Module;
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
                    var length = RewrittenInstruction.Length(table.Name, size, entry, bytes[(int)at..]);
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
}
