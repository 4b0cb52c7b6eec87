using System.Buffers.Binary;

namespace Suture.Verify;

/// <summary>
/// Addresses of running functions that the livepatch hands out, on kernels that have the processor check indirect branches
/// (CONFIG_X86_KERNEL_IBT): a call through such a pointer ends in an oops unless the function begins with ENDBR64. The
/// compiler gives static functions none whose address nobody took, and the kernel overwrites that of others at boot for the same reason. Global
/// ones all get it; assembly that has none is returned to, or compared with, where its address is taken.
/// </summary>
internal sealed class HandedOutAddresses(RelocatableFile module, IRunningKernel kernel, CheckReport report)
{
    private const int MaxSealBytes = 1 << 24;
    private const string SealTable = ".ibt_endbr_seal";

    private readonly Dictionary<string, HashSet<string>> _sealed = new(StringComparer.Ordinal);

    private static ReadOnlySpan<byte> Endbr64 => [0xf3, 0x0f, 0x1e, 0xfa];

    public void Run()
    {
        if (!kernel.ChecksIndirectBranches)
        {
            return;
        }
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var section in module.Sections.Where(s => s.IsAlloc && s.HasBytes))
        {
            foreach (var r in module.RelocationsOf(section).Where(r => r.Symbol.Place == SymbolPlace.Livepatch && IsEntry(section, r) && done.Add(r.Symbol.Name)))
            {
                if (LivepatchName.Parse(r.Symbol.Name) is { } symbol && Landing(symbol) is { } landing)
                {
                    report.Expect("kernel", landing.HasLanding && !SealedIn(symbol.Object).Contains(landing.Place),
                        () => $"{section.Name}+0x{r.Offset:x}: hands out the address of '{symbol.Name}' of {symbol.Object}, which must not be called through a pointer: it has no ENDBR64 in the running kernel");
                }
            }
        }
    }

    /// <summary>Whether <paramref name="r"/> takes the address of its symbol's entry. Calls and jumps do not; what leads inside is a place, not a function.</summary>
    private bool IsEntry(FileSection section, FileRelocation r)
    {
        if (r.Type == RelocationKind.Plt32)
        {
            return false;
        }
        if (r.Type != RelocationKind.Pc32 || !section.IsCode)
        {
            return r.Addend == 0;
        }
        // Old assemblers write branches as plain distances; no other instruction has these bytes before a displacement.
        var before = module.BytesOf(section)[..(int)r.Offset];
        return r.Addend == -4 && before is not [.., 0xe8 or 0xe9] and not [.., 0x0f, >= 0x80 and <= 0x8f];
    }

    /// <summary>Where a function is and whether it begins with ENDBR64, as all global ones do that are called through pointers; null for what is no function.</summary>
    private (bool HasLanding, string Place)? Landing(LivepatchName symbol)
    {
        var index = Math.Max(0, symbol.SymPos - 1);
        if (symbol.Object != "vmlinux")
        {
            var found = RunningPlaces.InModule(symbol.Object, symbol.Name, kernel);
            return index < found.Count && found[index] is { Type: 2, Section: { HasBytes: true } section } at && at.Value >= 0 && at.Value <= section.Size
                ? (at.IsGlobal || kernel.Module(symbol.Object)!.BytesOf(section)[(int)at.Value..].StartsWith(Endbr64), RunningPlaces.PlaceOf(at)) : null;
        }
        var all = kernel.Find(symbol.Name);
        return index < all.Count && all[index].Type is 't' or 'T' or 'w' or 'W' && kernel.TryRead(all[index].Address, Endbr64.Length, out var bytes)
            ? (all[index].Type != 't' || bytes.SequenceEqual(Endbr64), RunningPlaces.Hex(all[index].Address)) : null;
    }

    private HashSet<string> SealedIn(string name)
    {
        if (!_sealed.TryGetValue(name, out var places))
        {
            _sealed[name] = places = new HashSet<string>(name == "vmlinux" ? SealedInImage() : SealedInModule(kernel.Module(name)!), StringComparer.Ordinal);
        }
        return places;
    }

    /// <summary>Each entry of the table is the 32-bit distance from itself to the function.</summary>
    private List<string> SealedInImage()
    {
        var places = new List<string>();
        if (kernel.Find("__ibt_endbr_seal") is [var start] && kernel.Find("__ibt_endbr_seal_end") is [var end] && end.Address > start.Address
            && end.Address - start.Address < MaxSealBytes && kernel.TryRead(start.Address, (int)(end.Address - start.Address), out var table))
        {
            for (var at = 0; at + 4 <= table.Length; at += 4)
            {
                places.Add(RunningPlaces.Hex(start.Address + (ulong)at + (ulong)(long)BinaryPrimitives.ReadInt32LittleEndian(table[at..])));
            }
        }
        return places;
    }

    private static IEnumerable<string> SealedInModule(RelocatableFile file) => file.Find(SealTable) is not { } table ? []
        : file.RelocationsOf(table).Where(r => r.Symbol.Section is not null).Select(r => $"{r.Symbol.Section!.Name}+0x{r.Symbol.Value + r.Addend:x}");
}
