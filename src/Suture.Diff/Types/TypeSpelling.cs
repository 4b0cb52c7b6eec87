namespace Suture.Diff.Types;

/// <summary>Types in C's own words, for messages: near enough to be recognised.</summary>
internal static class TypeSpelling
{
    private const int MaxDepth = 4;
    private const int MaxParameters = 8;

    public static string Of(CType type) => Of(type, 0);

    /// <summary><c>int (struct sock *, unsigned int)</c></summary>
    private static string Of(CType type, int depth)
    {
        if (depth > MaxDepth)
        {
            return "...";
        }
        string Inner(CType? t) => Of(t ?? CType.Void, depth + 1);
        switch (type.Kind)
        {
            case TypeKind.Void:
                return "void";
            case TypeKind.Scalar or TypeKind.Typedef:
                return type.Name;
            case TypeKind.Qualifier:
                return Inner(type.Target);
            case TypeKind.Struct or TypeKind.Union or TypeKind.Enum:
                var word = type.Kind.ToString().ToLowerInvariant();
                return type.IsNamedByTypedef ? type.Name : type.Name.Length > 0 ? $"{word} {type.Name}" : $"unnamed {word}";
            case TypeKind.Array:
                return $"{Inner(type.Target)}[{(type.Count > 0 ? type.Count : "")}]";
            case TypeKind.Pointer:
                var target = (type.Target ?? CType.Void).Kind == TypeKind.Qualifier ? type.Target!.Bare : type.Target ?? CType.Void;
                return target.Kind == TypeKind.Function ? Inner(target).Replace(" (", " (*)(", StringComparison.Ordinal)
                    : target.Kind == TypeKind.Pointer ? Inner(target) + "*" : Inner(target) + " *";
            case TypeKind.Function:
                var parameters = type.Parameters.Take(MaxParameters).Select(Inner).Concat(type.IsVariadic || type.Parameters.Count > MaxParameters ? ["..."] : Array.Empty<string>());
                return $"{Inner(type.Target)} ({(type.Parameters.Count == 0 && !type.IsVariadic ? "void" : string.Join(", ", parameters))})";
            default:
                return "?";
        }
    }
}
