using Suture.Diff.Model;

namespace Suture.Diff.Phases;

/// <summary>Which functions among the included elements use which data, and how; each function is read and decoded once.</summary>
internal sealed class DataUsers
{
    private readonly HashSet<Element> _included;
    private readonly Dictionary<Element, List<Element>> _users = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Element, DataAccess> _access = new(ReferenceEqualityComparer.Instance);

    public DataUsers(List<Element> included)
    {
        _included = [.. included];
        foreach (var function in included.Where(e => e.Kind == ElementKind.Function))
        {
            foreach (var data in function.References.Select(r => r.Target).OfType<Element>().Where(t => t.Kind == ElementKind.Data).Distinct())
            {
                (_users.TryGetValue(data, out var list) ? list : _users[data] = []).Add(function);
            }
        }
    }

    /// <summary>Whether <paramref name="data"/> is itself included.</summary>
    public bool Includes(Element data) => _included.Contains(data);

    /// <summary>The functions that refer to <paramref name="data"/>, in file order.</summary>
    public List<Element> UsersOf(Element data) => _users.GetValueOrDefault(data) ?? [];

    /// <summary>The most binding use that <paramref name="function"/> makes of <paramref name="data"/>.</summary>
    public DataUse? UseBy(Element function, Element data) =>
        (_access.TryGetValue(function, out var access) ? access : _access[function] = new DataAccess(function)).Of(data);
}
