using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>Who refers to what in an object.</summary>
public sealed class ElementUsers
{
    private readonly Dictionary<Element, List<Element>> _users = new(ReferenceEqualityComparer.Instance);

    /// <summary>Looks through all of <paramref name="model"/>.</summary>
    public ElementUsers(ObjectModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        // An unwind record at a section's end describes nothing.
        foreach (var element in model.Elements.Concat(model.Entries.Where(e => e is not { Owner: null, Section.Name: ".orc_unwind_ip" })))
        {
            foreach (var target in element.References.Select(r => r.Target).OfType<Element>().Distinct())
            {
                if (target != element)
                {
                    (_users.TryGetValue(target, out var list) ? list : _users[target] = []).Add(element);
                }
            }
        }
        foreach (var chunk in model.Elements.Where(e => e.Kind == ElementKind.Chunk && _users.ContainsKey(e)))
        {
            ReplaceByOwners(chunk);
        }
    }

    /// <summary>All that refer to <paramref name="element"/>, itself not among them.</summary>
    public IReadOnlyList<Element> Of(Element element) => _users.TryGetValue(element, out var users) ? users : [];

    /// <summary>Whether <paramref name="user"/> does more with a function than call it.</summary>
    public static bool TakesAddress(Element user, Element function)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(function);
        return user.References.Exists(r => r.Target == function && r.Type != RelocationType.Plt32) && user.Parent != function && user != function;
    }

    /// <summary>
    /// Code outside of functions that only functions' own entries and jumps lead to, as that of alternatives is, is these functions' code: its calls are theirs, and its jumps back into one are no use of it.
    /// </summary>
    private void ReplaceByOwners(Element chunk)
    {
        var owners = _users[chunk].FindAll(u => u.Owner != chunk)
            .ConvertAll(u => u is { Kind: ElementKind.Entry } ? u.Owner : u is { Kind: ElementKind.Function } ? u : null).Select(o => o?.Parent ?? o).Distinct().ToList();
        if (owners.Contains(null))
        {
            return;
        }
        foreach (var target in chunk.References.Where(r => r.Target is { Kind: ElementKind.Function }).GroupBy(r => r.Target!))
        {
            var inside = owners.Count == 1 && owners[0] == (target.Key.Parent ?? target.Key);
            if (inside || target.All(r => r.Type == RelocationType.Plt32))
            {
                _users[target.Key].Remove(chunk);
                _users[target.Key].AddRange(owners.OfType<Element>().Where(o => o != (target.Key.Parent ?? target.Key)).Except(_users[target.Key]));
            }
        }
    }
}
