using Suture.Elf;
using Suture.Diff.Types.Dwarf;

namespace Suture.Diff.Types;

/// <summary>A function as its source declares it.</summary>
internal sealed class FunctionType
{
    public string Name { get; set; } = "";

    /// <summary>Return type and parameters: a <see cref="TypeKind.Function"/>.</summary>
    public required CType Prototype { get; init; }

    /// <summary>Whether there is only a prototype here, no body.</summary>
    public bool IsDeclaration { get; set; }

    /// <summary>Whether this is the copy of it that has code of its own (and not the description that inlined copies refer to).</summary>
    public bool HasCode { get; set; }

    /// <summary>File that declares it, null when unknown.</summary>
    public string? File { get; set; }

    /// <summary>Line of <see cref="File"/>, 0 when unknown.</summary>
    public int Line { get; set; }

    /// <summary>Types of its variables on the stack, those of functions inlined into it included; not of parameters.</summary>
    public List<CType> Locals { get; } = [];
}

/// <summary>A variable at file scope, or a static one of a function.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="IsGlobal">Whether other units can refer to it by name.</param>
internal sealed record VariableType(string Name, CType Type, bool IsGlobal);

/// <summary>What an object's type information says: types by name, functions and variables.</summary>
internal sealed class TypeGraph
{
    private readonly Dictionary<(TypeKind Kind, string Name), CType?> _tags = [];

    /// <summary>Whether the information tells files and the variables of functions (DWARF does, BTF does not).</summary>
    public bool KnowsPlaces { get; init; }

    /// <summary>Every type node.</summary>
    public List<CType> Types { get; } = [];

    /// <summary>Functions, in file order; one name may come several times.</summary>
    public List<FunctionType> Functions { get; } = [];

    /// <summary>Variables with static storage.</summary>
    public List<VariableType> Variables { get; } = [];

    /// <summary>Structs, unions and enums of file scope that are defined and have a name, in file order; names that mean several types apart.</summary>
    public IEnumerable<CType> Named => Types.Where(t => t.Name.Length > 0 && Find(t.Kind, t.Name) == t);

    /// <summary>The definition of that name, or null.</summary>
    public CType? Find(TypeKind kind, string name) => _tags.GetValueOrDefault((kind, name));

    /// <summary>
    /// Reads what both objects carry: DWARF, else BTF; null when they have no type information in common.
    /// </summary>
    /// <exception cref="TypeFormatException">The information of one of them is damaged.</exception>
    public static (TypeGraph Original, TypeGraph Patched)? ReadBoth(ElfObject original, ElfObject patched)
    {
        foreach (var source in (ElfObject[])[original, patched])
        {
            if (source.FindSection(DwarfSections.InfoName) is { } info && (info.Flags & SectionFlags.Compressed) != 0)
            {
                throw new TypeFormatException(source.Name, info.Name, "it is compressed in a way that Suture does not read (zstd), or very large; compile with -gz=none");
            }
        }
        if (DwarfReader.IsPresent(original) && DwarfReader.IsPresent(patched))
        {
            return (DwarfReader.Read(original), DwarfReader.Read(patched));
        }
        return original.FindSection(BtfReader.SectionName) is { } a && patched.FindSection(BtfReader.SectionName) is { } b
            && !a.Data.AsSpan().SequenceEqual(b.Data)
            ? (BtfReader.Read(original.Name, a.Data), BtfReader.Read(patched.Name, b.Data))
            : null;
    }

    /// <summary>Gives unnamed types the name of their typedef and indexes all by name.</summary>
    internal void Finish()
    {
        foreach (var type in Types)
        {
            if (type is { Kind: TypeKind.Typedef, Target: { Kind: TypeKind.Struct or TypeKind.Union or TypeKind.Enum, Name.Length: 0 } target })
            {
                (target.Name, target.IsNamedByTypedef) = (type.Name, true);
            }
        }
        foreach (var type in Types)
        {
            if (type is { Kind: TypeKind.Struct or TypeKind.Union or TypeKind.Enum, Name.Length: > 0, IsDeclaration: false, IsLocal: false })
            {
                // Units joined by the linker repeat a definition. Where two of one name differ (of different scopes), which is meant cannot be told.
                var isKnown = _tags.TryGetValue((type.Kind, type.Name), out var known);
                _tags[(type.Kind, type.Name)] = !isKnown ? type : known is not null && IsRepeated(known, type) ? known : null;
            }
        }
    }

    private static bool IsRepeated(CType a, CType b) => a.Size == b.Size && a.Enumerators.SequenceEqual(b.Enumerators)
        && a.Members.Select(m => (m.Name, m.BitOffset, m.BitSize)).SequenceEqual(b.Members.Select(m => (m.Name, m.BitOffset, m.BitSize)));
}
