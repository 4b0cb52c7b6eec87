namespace Suture.Diff.Types;

/// <summary>How a type differs from another in the same place, from harmless to worst.</summary>
internal enum Difference
{
    None,
    /// <summary>Same size, but it stands for something else.</summary>
    Meaning,
    /// <summary>Functions called through it take or return something else.</summary>
    Calls,
    /// <summary>Another size or arrangement.</summary>
    Layout,
}

/// <summary>
/// Compares what a field, parameter or variable is declared as in two graphs. Structs, unions and enums with a name are the
/// same when the names are: whether their insides differ is asked for each of them once.
/// </summary>
internal sealed class TypeIdentity
{
    /// <summary>Pairs compared already, or being compared: a circle of pointers adds nothing.</summary>
    private readonly Dictionary<(CType, CType), Difference> _known = [];

    private const int MaxDepth = 64;

    public Difference Compare(CType original, CType patched) => Compare(original, patched, 0);

    private Difference Compare(CType original, CType patched, int depth)
    {
        var (a, b) = (original.Bare, patched.Bare);
        if (_known.TryGetValue((a, b), out var known) || depth > MaxDepth)
        {
            return known;
        }
        _known[(a, b)] = Difference.None;
        return _known[(a, b)] = Judge(a, b, depth + 1);
    }

    private Difference Judge(CType a, CType b, int depth)
    {
        if (a.Kind == TypeKind.Unknown || b.Kind == TypeKind.Unknown)
        {
            return Difference.None;
        }
        if (a.Kind != b.Kind)
        {
            return a.Extent != b.Extent ? Difference.Layout
                // An int that becomes an enum holds the same numbers.
                : IsNumber(a) && IsNumber(b) ? Difference.None
                : Difference.Meaning;
        }
        switch (a.Kind)
        {
            case TypeKind.Scalar:
                // Signed or not, char or bool: the same bytes.
                return a.Size != b.Size ? Difference.Layout : a.IsFloat != b.IsFloat ? Difference.Meaning : Difference.None;
            case TypeKind.Pointer:
                return Pointee((a.Target ?? CType.Void).Bare, (b.Target ?? CType.Void).Bare, depth);
            case TypeKind.Array:
                return a.Count != b.Count ? Difference.Layout : Compare(a.Target ?? CType.Void, b.Target ?? CType.Void, depth);
            case TypeKind.Struct or TypeKind.Union or TypeKind.Enum:
                return Composite(a, b, depth);
            case TypeKind.Function:
                return Function(a, b, depth);
            default:
                return Difference.None;
        }
    }

    private static bool IsNumber(CType type) => type is { Kind: TypeKind.Scalar, IsFloat: false } or { Kind: TypeKind.Enum };

    /// <summary>A pointer to untyped or plain bytes is interchangeable with any other.</summary>
    private Difference Pointee(CType a, CType b, int depth)
    {
        if (IsPlain(a) || IsPlain(b))
        {
            return Difference.None;
        }
        return Compare(a, b, depth) switch
        {
            Difference.None => Difference.None,
            Difference.Calls => Difference.Calls,
            _ => Difference.Meaning,
        };
    }

    private static bool IsPlain(CType type) => type.Kind == TypeKind.Void || IsNumber(type);

    private Difference Composite(CType a, CType b, int depth)
    {
        if (a.Name.Length > 0 || b.Name.Length > 0)
        {
            return a.Name == b.Name ? Difference.None
                : a.Size != b.Size && !a.IsDeclaration && !b.IsDeclaration ? Difference.Layout
                : Difference.Meaning;
        }
        if (a.Size != b.Size)
        {
            return Difference.Layout;
        }
        var worst = Difference.None;
        var after = Field.Of(b).ToLookup(f => f.Path, StringComparer.Ordinal);
        foreach (var field in Field.Of(a))
        {
            var twin = after[field.Path].FirstOrDefault();
            var difference = twin.Type is null ? Difference.Meaning
                : twin.BitOffset != field.BitOffset || twin.Bits != field.Bits ? Difference.Layout
                : Compare(field.Type, twin.Type, depth);
            worst = difference > worst ? difference : worst;
        }
        return worst;
    }

    private Difference Function(CType a, CType b, int depth)
    {
        var (before, after) = (a.Target ?? CType.Void, b.Target ?? CType.Void);
        // Who expects nothing does not look at what comes back.
        var same = (before.Bare.Kind == TypeKind.Void || Compare(before, after, depth) == Difference.None)
            && a.IsVariadic == b.IsVariadic && a.Parameters.Count == b.Parameters.Count;
        for (var i = 0; same && i < a.Parameters.Count; i++)
        {
            same = Compare(a.Parameters[i], b.Parameters[i], depth) == Difference.None;
        }
        return same ? Difference.None : Difference.Calls;
    }
}
