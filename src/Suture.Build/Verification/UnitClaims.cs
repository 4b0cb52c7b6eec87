using Suture.Diff;

namespace Suture.Build.Verification;

/// <summary>What the engine says of a unit, by names of the patched object's symbols; the verifier holds it to that.</summary>
/// <param name="Replaced">Functions that are replaced → their names in the original.</param>
/// <param name="Included">All that the livepatch carries of it.</param>
/// <param name="Roots">What goes along although no code refers to it.</param>
/// <param name="LeftOut">What the author leaves out.</param>
/// <param name="LinesMoved">Functions that differ in line numbers only.</param>
internal sealed record UnitClaims(
    IReadOnlyDictionary<string, string> Replaced, IReadOnlySet<string> Included, IReadOnlySet<string> Roots, IReadOnlySet<string> LeftOut, IReadOnlySet<string> LinesMoved)
{
    /// <summary>What <paramref name="diff"/> says.</summary>
    public static UnitClaims Of(DiffResult diff) => new(
        diff.Replaced.DistinctBy(f => f.Name).ToDictionary(f => f.Name, f => f.Twin!.Name, StringComparer.Ordinal),
        diff.Included.Where(e => e.Name.Length > 0).Select(e => e.Name).ToHashSet(StringComparer.Ordinal),
        diff.Patched.Elements.Where(e => e.IsRoot).Select(e => e.Name).ToHashSet(StringComparer.Ordinal),
        diff.Patched.Elements.Where(diff.Marks.LeavesOut).Select(e => e.Name).ToHashSet(StringComparer.Ordinal),
        diff.Patched.Functions.Where(f => f.LinesMoved).Select(f => f.Name).ToHashSet(StringComparer.Ordinal));
}
