using Suture.Build.Match;
using Suture.Diff.Findings;
using Suture.Elf;

namespace Suture.Build.Link;

/// <summary>
/// Tables that the kernel processes when the livepatch loads must not refer into a module that may load later. A
/// static call's entry can go: the call then takes the trampoline, which the kernel keeps up to date as well.
/// So can a tracepoint's branch: it stays off. Other entries stay, and are refused.
/// </summary>
internal static class LateTables
{
    private const string Tracepoint = "__tracepoint_";

    /// <summary>Takes such entries out of <paramref name="module"/>; objtool has run, so that a branch taken out is a NOP.</summary>
    public static List<Finding> Drop(ElfObject module, IReadOnlyDictionary<string, KernelSymbolReference> livepatch, ModuleTemplate template)
    {
        bool IsLate(Relocation r) => r.Symbol.IsUndefined && livepatch.TryGetValue(r.Symbol.Name, out var place) && place.Object != "vmlinux";
        var findings = new List<Finding>();
        if (module.FindSection(".static_call_sites") is { } calls)
        {
            RemoveEntries(calls, template[ModuleTemplate.Field.StaticCallSize], IsLate);
        }
        if (module.FindSection("__jump_table") is { } jumps)
        {
            var silent = RemoveEntries(jumps, template[ModuleTemplate.Field.JumpSize],
                r => IsLate(r) && r.Symbol.Name.StartsWith(Tracepoint, StringComparison.Ordinal));
            findings.AddRange(silent.GroupBy(r => r.Symbol.Name).Select(g =>
                BuildFindings.SilentTracepoint(g.Key[Tracepoint.Length..], livepatch[g.Key].Object)));
        }
        return findings;
    }

    /// <summary>Removes every entry with a relocation that <paramref name="isLate"/> holds for; returns these relocations.</summary>
    private static List<Relocation> RemoveEntries(Section table, int size, Func<Relocation, bool> isLate)
    {
        var removed = table.Relocations.Where(isLate).ToList();
        if (removed.Count == 0 || size <= 0)
        {
            return [];
        }
        var gone = removed.Select(r => (int)r.Offset / size).ToHashSet();
        var kept = Enumerable.Range(0, table.Data.Length / size).Where(i => !gone.Contains(i)).ToList();
        var relocations = table.Relocations.ToLookup(r => (int)r.Offset / size);
        var data = new byte[kept.Count * size];
        table.Relocations.Clear();
        for (var i = 0; i < kept.Count; i++)
        {
            table.Data.AsSpan(kept[i] * size, size).CopyTo(data.AsSpan(i * size));
            var shift = (ulong)((kept[i] - i) * size);
            table.Relocations.AddRange(relocations[kept[i]].Select(r => r with { Offset = r.Offset - shift }));
        }
        table.Data = data;
        return removed;
    }
}
