using System.Buffers.Binary;
using Suture.Build.Match;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Link;

/// <summary>
/// Functions that no pointer may lead to, on kernels with CONFIG_X86_KERNEL_IBT: those whose ENDBR the kernel overwrites at boot because nothing took their
/// address (.ibt_endbr_seal), and those that the compiler gave none, as a file's own that are only called. Calling one through a pointer faults on processors with
/// CET: a patch must not be the first to take such an address.
/// </summary>
internal sealed class SealedEntryPoints
{
    private readonly KernelBuild _kernel;
    private readonly bool _hasIbt;
    private readonly Lazy<HashSet<ulong>> _addresses;
    private readonly Dictionary<string, (ElfObject Object, HashSet<(Section, ulong)> Sealed)> _modules = new(StringComparer.Ordinal);

    public SealedEntryPoints(KernelBuild kernel)
    {
        _kernel = kernel;
        _hasIbt = kernel.Config.IsSet("CONFIG_X86_KERNEL_IBT");
        _addresses = new Lazy<HashSet<ulong>>(Read);
    }

    /// <summary>Whether a compiled function begins with ENDBR64 (Intel SDM volume 2).</summary>
    public static bool HasEntry(Element function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return function.Bytes[function.Prefix..].StartsWith((ReadOnlySpan<byte>)[0xf3, 0x0f, 0x1e, 0xfa]);
    }

    /// <summary>Livepatch symbols of <paramref name="module"/> whose address is taken although they were sealed, or are in <paramref name="withoutEntry"/>.</summary>
    public IEnumerable<KernelSymbolReference> TakenIn(ElfObject module, IReadOnlyDictionary<string, KernelSymbolReference> livepatch, IReadOnlySet<KernelSymbolReference> withoutEntry) =>
        module.Sections.SelectMany(s => s.Relocations)
            .Where(r => r.Type != RelocationType.Plt32 && r.Symbol.IsUndefined)
            .Select(r => livepatch.GetValueOrDefault(r.Symbol.Name))
            .OfType<KernelSymbolReference>().Distinct()
            .Where(p => (_hasIbt && withoutEntry.Contains(p)) || (p.Object == "vmlinux" ? Address(p) is { } address && _addresses.Value.Contains(address) : IsSealedInModule(p)));

    /// <summary>The same of a module's own table, which the kernel obeys when the module loads.</summary>
    private bool IsSealedInModule(KernelSymbolReference place)
    {
        if (!_modules.TryGetValue(place.Object, out var module))
        {
            var found = _kernel.Modules.ReadObject(place.Object);
            // Each entry is the distance from itself to the ENDBR.
            _modules[place.Object] = module = (found, [.. (found.FindSection(".ibt_endbr_seal")?.Relocations ?? [])
                .Where(r => r.Symbol.Section is not null).Select(r => (r.Symbol.Section!, (ulong)((long)r.Symbol.Value + r.Addend)))]);
        }
        var symbols = module.Object.Symbols.Where(s => s.Name == place.Name && s.Section is not null).ToList();
        var index = Math.Max(0, place.SymPos - 1);
        return index < symbols.Count && module.Sealed.Contains((symbols[index].Section!, symbols[index].Value));
    }

    private ulong? Address(KernelSymbolReference place)
    {
        var symbols = _kernel.Symbols.Find(place.Name);
        var index = Math.Max(0, place.SymPos - 1);
        return index < symbols.Count ? symbols[index].Address : null;
    }

    private HashSet<ulong> Read()
    {
        var addresses = new HashSet<ulong>();
        if (_kernel.Symbols.Find("__ibt_endbr_seal") is [var start] && _kernel.Symbols.Find("__ibt_endbr_seal_end") is [var end]
            && end.Address > start.Address && end.Address - start.Address < 1 << 24
            && _kernel.Image.TryRead(start.Address, (int)(end.Address - start.Address), out var table))
        {
            // 32-bit offsets from their own place.
            for (var at = 0; at + 4 <= table.Length; at += 4)
            {
                addresses.Add(start.Address + (ulong)at + (ulong)(long)BinaryPrimitives.ReadInt32LittleEndian(table[at..]));
            }
        }
        return addresses;
    }
}
