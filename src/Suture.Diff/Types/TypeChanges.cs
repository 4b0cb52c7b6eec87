using Suture.Diff.Findings;
using Suture.Elf;

namespace Suture.Diff.Types;

/// <summary>A first look at the types of a pair of objects, without comparing their code.</summary>
public static class TypeChanges
{
    /// <summary>
    /// The changes of types that other units share and that refuse a patch whatever its code does; empty when there are none, or when
    /// the objects' type information does not tell.
    /// </summary>
    public static IReadOnlyList<Finding> Between(ElfObject original, ElfObject patched)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(patched);
        try
        {
            return TypeGraph.ReadBoth(original, patched) is { } graphs ? Refused(graphs.Original, graphs.Patched) : [];
        }
        catch (TypeFormatException)
        {
            // The comparison of the pair itself says so.
            return [];
        }
    }

    private static List<Finding> Refused(TypeGraph original, TypeGraph patched) =>
        [.. new LayoutComparison(original, patched, new TypeIdentity()).Run().Where(c => c.IsShared && c.Effect >= LayoutEffect.Calls).Select(TypeFindings.SharedLayout)];
}
