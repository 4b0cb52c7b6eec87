using Suture.Diff.Model;
using Suture.Kernel;

namespace Suture.Build.Match;

/// <summary>
/// Tells which of several symbols of one name belongs to a translation unit. The running code itself
/// says: matched functions of the unit refer to the right one. What nothing refers to lies where
/// its neighbours from the unit lie, for the linker keeps a unit's code together.
/// </summary>
internal sealed class UnitPlaces
{
    /// <summary>What objtool calls the padding before a function.</summary>
    private const string Padding = "__pfx_";

    private readonly SystemMap _symbols;
    private readonly Dictionary<Element, HashSet<ulong>> _implied = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Element, List<VmlinuxImage.Attempt>> _matched;
    private readonly Dictionary<Element, VmlinuxImage.Attempt> _witnesses = new(ReferenceEqualityComparer.Instance);

    public UnitPlaces(SystemMap symbols, Dictionary<Element, List<VmlinuxImage.Attempt>> matched, bool asShipped)
    {
        _symbols = symbols;
        _matched = matched;
        foreach (var (function, attempts) in matched)
        {
            // A function that matched at one place only is a sure witness: of all that have its name only if it must match where it is.
            if (attempts is [var only] && (asShipped || VmlinuxImage.Candidates(symbols, function).Skip(1).FirstOrDefault() == 0))
            {
                _witnesses[function] = only;
                foreach (var (element, address) in only.Implied)
                {
                    if (!_implied.TryGetValue(element, out var set))
                    {
                        _implied[element] = set = [];
                    }
                    set.Add(address);
                }
            }
        }
    }

    /// <summary>Where the witnesses say that <paramref name="element"/> is; null when none does or they disagree.</summary>
    public ulong? Implied(Element element) => _implied.TryGetValue(element, out var implied) && implied.Count == 1 ? implied.First() : null;

    public KernelSymbolReference? Resolve(Element element)
    {
        var candidates = _symbols.Find(element.Name);
        if (candidates.Count == 0)
        {
            return null;
        }
        if (candidates.Count == 1)
        {
            return new KernelSymbolReference("vmlinux", element.Name, 0);
        }
        if (Address(element, candidates) is not { } address)
        {
            return null;
        }
        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates[i].Address == address)
            {
                return new KernelSymbolReference("vmlinux", element.Name, i + 1);
            }
        }
        return null;
    }

    private ulong? Address(Element element, IReadOnlyList<KernelSymbol> candidates)
    {
        if (_implied.ContainsKey(element))
        {
            return Implied(element);
        }
        if (element.IsGlobal && candidates.Where(c => char.IsAsciiLetterUpper(c.Type)).ToList() is [var global])
        {
            return global.Address;
        }
        return _matched.TryGetValue(element, out var attempts) ? AmongNeighbours(element, attempts) : null;
    }

    /// <summary>Of several places where the function may be, the one among the unit's other functions, or next to them with nobody else's code between.</summary>
    private ulong? AmongNeighbours(Element element, List<VmlinuxImage.Attempt> attempts)
    {
        var neighbours = _witnesses.Where(p => Gathered(p.Key.Section.Name) == Gathered(element.Section.Name)).Select(p => p.Value.Address).ToList();
        if (neighbours.Count == 0)
        {
            return null;
        }
        var (low, high) = (neighbours.Min(), neighbours.Max());
        var inside = attempts.Where(a => a.Address >= low && a.Address <= high).ToList();
        if (inside.Count == 0)
        {
            inside = attempts.Where(a => IsOursBetween(Math.Min(a.Address, low), Math.Max(a.Address, high))).ToList();
        }
        return inside is [var only] ? only.Address : null;
    }

    /// <summary>
    /// The linker gathers all units' code of such a section before that of the next (include/asm-generic/vmlinux.lds.h, TEXT_TEXT and what stands around it): only
    /// there a unit's functions lie together.
    /// </summary>
    private static string Gathered(string section) => section.StartsWith(".text.unlikely", StringComparison.Ordinal) ? ".text.unlikely"
        : section.StartsWith(".text.hot", StringComparison.Ordinal) ? ".text.hot"
        : section.StartsWith(".text.startup", StringComparison.Ordinal) ? ".text.startup"
        : section.StartsWith(".text.", StringComparison.Ordinal) ? ".text"
        : section;

    private bool IsOursBetween(ulong low, ulong high)
    {
        var names = _matched.Keys.SelectMany(f => f.Aliases.Select(a => a.Name).Append(f.Name)).ToHashSet(StringComparer.Ordinal);
        for (var i = _symbols.IndexAt(low); i < _symbols.All.Count && _symbols.All[i].Address <= high; i++)
        {
            var name = _symbols.All[i].Name;
            if (!names.Contains(name.StartsWith(Padding, StringComparison.Ordinal) ? name[Padding.Length..] : name))
            {
                return false;
            }
        }
        return true;
    }
}
