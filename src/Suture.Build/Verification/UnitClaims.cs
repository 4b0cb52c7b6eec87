using Suture.Diff;
using Suture.Diff.Model;

namespace Suture.Build.Verification;

/// <summary>What the engine says of a unit, by names of the patched object's symbols; the verifier holds it to that.</summary>
/// <param name="Replaced">Functions that are replaced → their names in the original.</param>
/// <param name="Included">All that the livepatch carries of it.</param>
/// <param name="Roots">What goes along although no code refers to it.</param>
/// <param name="LeftOut">What the author leaves out, or only initialisation uses.</param>
/// <param name="LinesMoved">Functions that differ in line numbers only.</param>
/// <param name="Callbacks">What the livepatch core is to call, by position among a klp_object's callbacks.</param>
/// <param name="States">System states, with their data.</param>
internal sealed record UnitClaims(
    IReadOnlyDictionary<string, string> Replaced, IReadOnlySet<string> Included, IReadOnlySet<string> Roots, IReadOnlySet<string> LeftOut, IReadOnlySet<string> LinesMoved,
    IReadOnlyList<(int Kind, string Function)> Callbacks, IReadOnlyList<(ulong Id, uint Version, string? Data)> States)
{
    /// <summary>What <paramref name="diff"/> says.</summary>
    public static UnitClaims Of(DiffResult diff) => new(
        diff.Replaced.DistinctBy(f => f.Name).ToDictionary(f => f.Name, f => f.Twin!.Name, StringComparer.Ordinal),
        diff.Included.Where(e => e.Name.Length > 0).Select(e => e.Name).ToHashSet(StringComparer.Ordinal),
        diff.Patched.Elements.Where(e => e.IsRoot).Select(e => e.Name).ToHashSet(StringComparer.Ordinal),
        diff.Patched.Elements.Where(e => diff.Marks.LeavesOut(e) || (e is { Kind: ElementKind.Function, Supersedes: not null } && !diff.Symbols.ContainsKey(e))).Select(e => e.Name).ToHashSet(StringComparer.Ordinal),
        diff.Patched.Functions.Where(f => f.LinesMoved).Select(f => f.Name).ToHashSet(StringComparer.Ordinal),
        [.. diff.Marks.Callbacks.Select(c => ((int)c.Kind, c.Function.Name))],
        [.. diff.Marks.States.Select(s => (s.Id, s.Version, s.Data?.Name))]);
}
