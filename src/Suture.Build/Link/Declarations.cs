using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Build.Link;

/// <summary>A callback of the livepatch.</summary>
/// <param name="Object">"vmlinux" or the module with which it runs.</param>
/// <param name="Kind">When it runs.</param>
/// <param name="Function">The function.</param>
internal readonly record struct ObjectCallback(string Object, CallbackKind Kind, Symbol Function);

/// <summary>A state that the livepatch declares.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Version">Version of the change.</param>
/// <param name="Data">What its data pointer starts with; null for NULL.</param>
internal readonly record struct DeclaredState(ulong Id, uint Version, Symbol? Data);

/// <summary>
/// What the units' authors declare beyond code: callbacks, of which struct klp_object holds one of a kind, and states, of which
/// the kernel finds the first of an id. A second one would be dropped silently, so it is refused.
/// </summary>
internal sealed class Declarations
{
    private readonly List<ObjectCallback> _callbacks = [];
    private readonly List<DeclaredState> _states = [];

    /// <summary>Callbacks, in order of the units.</summary>
    public IReadOnlyList<ObjectCallback> Callbacks => _callbacks;

    /// <summary>States, by id.</summary>
    public IReadOnlyList<DeclaredState> States => _states;

    /// <summary>Collects them from <paramref name="units"/>.</summary>
    public static Declarations Of(IReadOnlyList<LinkUnit> units, List<Finding> findings)
    {
        var declarations = new Declarations();
        var places = new Dictionary<(string Object, CallbackKind Kind), string>();
        var stateOf = new Dictionary<ulong, string>();
        foreach (var unit in units)
        {
            foreach (var callback in unit.Diff.Marks.Callbacks)
            {
                var symbol = unit.Diff.Symbols[callback.Function];
                if (!places.TryAdd((unit.Owner, callback.Kind), $"'{symbol.Name}' in {unit.Source}"))
                {
                    findings.Add(FindingCatalog.UnfitCallback(Marks.NameOf(callback.Kind), symbol.Name,
                        $"is the second one for {unit.Owner}; the first is {places[(unit.Owner, callback.Kind)]}") with
                    { File = unit.Source });
                }
                declarations._callbacks.Add(new ObjectCallback(unit.Owner, callback.Kind, symbol));
            }
            foreach (var state in unit.Diff.Marks.States)
            {
                if (!stateOf.TryAdd(state.Id, unit.Source))
                {
                    findings.Add(FindingCatalog.UnfitState(state.Id, state.Data?.Name, $"it is declared again; the first is in {stateOf[state.Id]}") with { File = unit.Source });
                }
                declarations._states.Add(new DeclaredState(state.Id, state.Version, state.Data is { } data ? unit.Diff.Symbols[data] : null));
            }
        }
        declarations._states.Sort((a, b) => a.Id.CompareTo(b.Id));
        return declarations;
    }
}
