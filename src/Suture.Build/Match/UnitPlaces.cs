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
    private readonly SystemMap _symbols;
    private readonly Dictionary<Element, HashSet<ulong>> _implied = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Element, List<VmlinuxImage.Attempt>> _matched;

    public UnitPlaces(SystemMap symbols, Dictionary<Element, List<VmlinuxImage.Attempt>> matched)
    {
        _symbols = symbols;
        _matched = matched;
        foreach (var attempts in matched.Values)
        {
            // A function that matched at one place only is a sure witness.
            if (attempts is [var only])
            {
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
        if (_implied.TryGetValue(element, out var implied))
        {
            return implied.Count == 1 ? implied.First() : null;
        }
        if (element.IsGlobal && candidates.Where(c => char.IsAsciiLetterUpper(c.Type)).ToList() is [var global])
        {
            return global.Address;
        }
        return _matched.TryGetValue(element, out var attempts) ? AmongNeighbours(element, attempts) : null;
    }

    private ulong? AmongNeighbours(Element element, List<VmlinuxImage.Attempt> attempts)
    {
        var neighbours = _matched
            .Where(p => p.Value.Count == 1 && p.Key.Section.Name.StartsWith(".text.unlikely", StringComparison.Ordinal)
                == element.Section.Name.StartsWith(".text.unlikely", StringComparison.Ordinal))
            .Select(p => p.Value[0].Address).ToList();
        if (neighbours.Count == 0)
        {
            return null;
        }
        // Inside the unit's own range, or the only one within a page of it.
        var (low, high) = (neighbours.Min(), neighbours.Max());
        var inside = attempts.Where(a => a.Address >= low && a.Address <= high).ToList();
        if (inside.Count == 0)
        {
            inside = attempts.Where(a => a.Address + 4096 >= low && a.Address <= high + 4096).ToList();
        }
        return inside is [var only] ? only.Address : null;
    }
}
