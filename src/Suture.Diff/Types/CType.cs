namespace Suture.Diff.Types;

/// <summary>What a <see cref="CType"/> is.</summary>
internal enum TypeKind
{
    /// <summary>Referred to, but not described: nothing can be said about it.</summary>
    Unknown,
    Void,
    /// <summary>Integer, character, boolean or floating-point number.</summary>
    Scalar,
    Pointer,
    Array,
    Struct,
    Union,
    Enum,
    Typedef,
    /// <summary>const, volatile, restrict or _Atomic: same layout as its target.</summary>
    Qualifier,
    /// <summary>Return type and parameters.</summary>
    Function,
}

/// <summary>A field of a struct or union.</summary>
/// <param name="Name">Empty for an unnamed struct or union, whose fields count as the outer one's.</param>
/// <param name="BitOffset">From the start of the struct.</param>
/// <param name="BitSize">Width of a bit-field, 0 for an ordinary field.</param>
/// <param name="Type">Its type.</param>
/// <param name="Line">Line of its declaration, 0 when unknown.</param>
internal sealed record Member(string Name, long BitOffset, int BitSize, CType Type, int Line);

/// <summary>A named value of an enum.</summary>
internal readonly record struct Enumerator(string Name, long Value);

/// <summary>One type of C as a node of a graph; nodes refer to each other and may form circles through pointers.</summary>
internal sealed class CType(TypeKind kind)
{
    /// <summary>The type of "no value".</summary>
    public static CType Void { get; } = new(TypeKind.Void);

    /// <summary>What it is; <see cref="TypeKind.Unknown"/> until its description is read.</summary>
    public TypeKind Kind { get; set; } = kind;

    /// <summary>Tag, typedef or base type name; an unnamed struct with a typedef takes the name of that.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether <see cref="Name"/> is that of a typedef and not a tag.</summary>
    public bool IsNamedByTypedef { get; set; }

    /// <summary>Bytes it occupies; 0 when that follows from <see cref="Target"/>.</summary>
    public long Size { get; set; }

    /// <summary>Whether a scalar is a floating-point number.</summary>
    public bool IsFloat { get; set; }

    /// <summary>Whether only its name is known here: <c>struct sock;</c>.</summary>
    public bool IsDeclaration { get; set; }

    /// <summary>Whether it is declared within a function, which only that function can use.</summary>
    public bool IsLocal { get; set; }

    /// <summary>File that declares it, null when unknown.</summary>
    public string? File { get; set; }

    /// <summary>Line of <see cref="File"/>, 0 when unknown.</summary>
    public int Line { get; set; }

    /// <summary>What a pointer points to, elements of an array, return type of a function, what a typedef or qualifier is of.</summary>
    public CType? Target { get; set; }

    /// <summary>Elements of an array in all dimensions together; 0 for <c>[]</c> and <c>[0]</c>.</summary>
    public long Count { get; set; }

    /// <summary>Fields of a struct or union.</summary>
    public List<Member> Members => _members ??= [];

    /// <summary>Values of an enum.</summary>
    public List<Enumerator> Enumerators => _enumerators ??= [];

    /// <summary>Parameters of a function.</summary>
    public List<CType> Parameters => _parameters ??= [];

    /// <summary>Whether a function takes further arguments (<c>...</c>).</summary>
    public bool IsVariadic { get; set; }

    /// <summary>Whether it is a struct or union.</summary>
    public bool IsComposite => Kind is TypeKind.Struct or TypeKind.Union;

    private const int MaxDepth = 64;

    private List<Member>? _members;
    private List<Enumerator>? _enumerators;
    private List<CType>? _parameters;

    /// <summary>What remains without typedefs and qualifiers.</summary>
    public CType Bare
    {
        get
        {
            var type = this;
            for (var depth = 0; depth < MaxDepth && type.Kind is TypeKind.Typedef or TypeKind.Qualifier; depth++)
            {
                type = type.Target ?? Void;
            }
            return type;
        }
    }

    /// <summary>The type of the innermost elements of an array, itself when it is none; typedefs and qualifiers taken off.</summary>
    public CType Element
    {
        get
        {
            var type = Bare;
            for (var depth = 0; depth < MaxDepth && type.Kind == TypeKind.Array; depth++)
            {
                type = (type.Target ?? Void).Bare;
            }
            return type;
        }
    }

    /// <summary>Bytes that a value of this type occupies.</summary>
    public long Extent
    {
        get
        {
            long count = 1;
            var type = Bare;
            for (var depth = 0; depth < MaxDepth && type.Kind == TypeKind.Array; depth++)
            {
                count = unchecked(count * type.Count);
                type = (type.Target ?? Void).Bare;
            }
            return unchecked(count * (type.Kind == TypeKind.Pointer ? 8 : type.Size));
        }
    }

    /// <inheritdoc/>
    public override string ToString() => TypeSpelling.Of(this);
}
