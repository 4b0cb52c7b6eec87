using Suture.Diff.Findings;
using Suture.Diff.Model;

namespace Suture.Diff.Types;

/// <summary>
/// Are the types that the two objects were compiled with still the same for everyone who shares them? Compares what type
/// information both carry (DWARF or BTF); without any, says nothing.
/// </summary>
internal static class TypeGuard
{
    /// <summary>Findings about types; none when nothing goes into the livepatch, as then nobody sees them.</summary>
    public static List<Finding> Run(ObjectModel original, ObjectModel patched, IReadOnlyList<Element> included, Func<string, bool>? areCallersCompiled)
    {
        if (included.Count == 0)
        {
            return [];
        }
        try
        {
            return TypeGraph.ReadBoth(original.Source, patched.Source) is { } graphs ? Compare(graphs.Original, graphs.Patched, original, patched, included, areCallersCompiled) : [];
        }
        catch (TypeFormatException damaged)
        {
            return [TypeFindings.Unreadable(damaged.Message)];
        }
    }

    private static List<Finding> Compare(TypeGraph before, TypeGraph after, ObjectModel original, ObjectModel patched,
        IReadOnlyList<Element> included, Func<string, bool>? areCallersCompiled)
    {
        var findings = new List<Finding>();
        var identity = new TypeIdentity();
        var lifetime = new StackOnly(before, after, original, patched, included);
        foreach (var change in new LayoutComparison(before, after, identity).Run())
        {
            findings.Add(Judge(change, change.IsShared ? "shared" : lifetime.Objection(change.Patched), lifetime));
        }
        findings.AddRange(EnumComparison.Run(before, after).Select(TypeFindings.EnumValues));
        var prototypes = new PrototypeComparison(before, after, identity);
        findings.AddRange(prototypes.OwnVariables(included).Select(TypeFindings.OwnVariable));
        findings.AddRange(prototypes.Run(original)
            .Select(p => p.IsExported ? TypeFindings.Exported(p)
                : p.IsCalledByName && areCallersCompiled?.Invoke(p.Name) == true ? TypeFindings.PrototypeOfAll(p)
                : TypeFindings.Prototype(p)));
        return findings;
    }

    private static Finding Judge(LayoutChange change, string? objection, StackOnly lifetime) => change.Effect switch
    {
        _ when objection is null => TypeFindings.StackOnly(change, lifetime.Holders(change.Patched)),
        LayoutEffect.Meaning => TypeFindings.OtherMeaning(change),
        LayoutEffect.Padding => TypeFindings.FillsPadding(change),
        _ when change.IsShared => TypeFindings.SharedLayout(change),
        _ => TypeFindings.PrivateLayout(change, objection),
    };
}
