using Suture.Build.Match;
using Suture.Diff.Findings;
using Suture.Elf;

namespace Suture.Build.Link;

/// <summary>
/// The last rewriting of the module: symbols and relocations that the livepatch core resolves take the form
/// it expects (kernel documentation, livepatch/module-elf-format.rst): <c>.klp.sym.OBJECT.NAME,POSITION</c> in
/// SHN_LIVEPATCH, and <c>.klp.rela.OBJECT.SECTION</c> with SHF_RELA_LIVEPATCH.
/// </summary>
internal static class LivepatchRelocations
{
    public static List<Finding> Apply(
        ElfObject module, IReadOnlyDictionary<string, KernelSymbolReference> livepatch,
        IReadOnlyDictionary<string, string> owners, int altSize)
    {
        var findings = new List<Finding>();
        var places = new Dictionary<Symbol, KernelSymbolReference>(ReferenceEqualityComparer.Instance);
        foreach (var symbol in module.Symbols)
        {
            if (symbol.IsUndefined && livepatch.TryGetValue(symbol.Name, out var place))
            {
                places[symbol] = place;
                symbol.Place = SymbolPlace.Livepatch;
                symbol.Name = $".klp.sym.{place.Object}.{place.Name},{place.SymPos}";
            }
        }
        var alternatives = AlternativeSites(module, altSize);
        foreach (var section in module.Sections.ToList())
        {
            var owner = owners.GetValueOrDefault(section.Name);
            foreach (var group in section.Relocations.Where(r => places.ContainsKey(r.Symbol))
                .GroupBy(r => RelocatedWith(places[r.Symbol], owner), StringComparer.Ordinal).ToList())
            {
                var late = group.Key != "vmlinux";
                if (late && (group.Key.Length == 0 || group.Any(r => alternatives.Exists(a => a.Covers(section, r.Offset)))))
                {
                    var place = places[group.First().Symbol];
                    findings.Add(BuildFindings.LateReference(section.Name, place.Name, place.Object));
                    continue;
                }
                var relocations = new Section($".klp.rela.{group.Key}.{section.Name}", SectionType.Rela, SectionFlags.RelaLivepatch | SectionFlags.Alloc | SectionFlags.InfoLink)
                {
                    Target = section,
                };
                relocations.Relocations.AddRange(group);
                module.Sections.Add(relocations);
            }
            section.Relocations.RemoveAll(r => places.ContainsKey(r.Symbol));
        }
        return findings;
    }

    /// <summary>The modules with whose loading the kernel writes into the finished <paramref name="module"/>, by name.</summary>
    public static IReadOnlyList<string> LateObjects(ElfObject module)
    {
        const string prefix = ".klp.rela.";
        return [.. module.Sections.Where(s => s.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(s => s.Name[prefix.Length..].Split('.')[0])
            .Where(o => o != "vmlinux").Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>
    /// The object with whose loading a relocation in <paramref name="owner"/>'s section is applied; empty when there is none:
    /// tables and code of vmlinux are in use before a module's symbol can be known.
    /// </summary>
    private static string RelocatedWith(KernelSymbolReference place, string? owner) =>
        place.Object == "vmlinux" ? "vmlinux" : owner is null or "vmlinux" ? "" : owner;

    private const int PaddedAltSize = 13;

    private readonly record struct Site(Section Section, long Start, int Length)
    {
        public bool Covers(Section section, ulong offset) => section == Section && (long)offset >= Start && (long)offset < Start + Length;
    }

    /// <summary>
    /// Instructions that alternatives overwrite when the module loads. A relocation applied there later, when
    /// the target module arrives, would hit other code.
    /// </summary>
    private static List<Site> AlternativeSites(ElfObject module, int altSize)
    {
        var sites = new List<Site>();
        if (module.FindSection(".altinstructions") is not { } section || altSize < 4)
        {
            return sites;
        }
        foreach (var r in section.Relocations)
        {
            // struct alt_instr starts with the place and ends with instrlen, replacementlen, and padlen where it is of 13 bytes (4.1 to 5.12).
            var instrlen = altSize == PaddedAltSize ? 3 : 2;
            var entry = (int)r.Offset / altSize * altSize;
            if ((int)r.Offset == entry && r.Symbol.Section is { } code && entry + altSize <= section.Data.Length)
            {
                sites.Add(new Site(code, (long)r.Symbol.Value + r.Addend, section.Data[entry + altSize - instrlen]));
            }
        }
        return sites;
    }
}
