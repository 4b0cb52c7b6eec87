namespace Suture.Diff.Types;

/// <summary>A field as C code reaches it: those of unnamed structs and unions within count as the outer one's.</summary>
/// <param name="Path">Its name, <c>outer.inner</c> for a field of a named member whose struct has no name.</param>
/// <param name="BitOffset">From the start of the outermost struct.</param>
/// <param name="Bits">Its width.</param>
/// <param name="IsBitField">Whether it was declared with a width.</param>
/// <param name="Type">Its type.</param>
/// <param name="Line">Line of its declaration, 0 when unknown.</param>
internal readonly record struct Field(string Path, long BitOffset, long Bits, bool IsBitField, CType Type, int Line)
{
    private const int MaxDepth = 32;
    private const int MaxFields = 1 << 13;

    /// <summary>Offset behind its last bit.</summary>
    public long BitEnd => unchecked(BitOffset + Bits);

    /// <summary>Its place in words.</summary>
    public string Place => BitOffset % 8 == 0 && !IsBitField ? $"offset {BitOffset / 8}" : $"offset {BitOffset / 8} bit {BitOffset % 8}";

    /// <summary>All fields of a struct or union, in the order of declaration.</summary>
    public static List<Field> Of(CType composite)
    {
        var fields = new List<Field>();
        Add(fields, composite, "", 0, 0);
        return fields;
    }

    private static void Add(List<Field> fields, CType composite, string prefix, long offset, int depth)
    {
        foreach (var member in composite.Members)
        {
            if (fields.Count >= MaxFields)
            {
                return;
            }
            var type = member.Type.Bare;
            var at = unchecked(offset + member.BitOffset);
            if (type.IsComposite && type.Name.Length == 0 && type.Members.Count > 0 && depth < MaxDepth)
            {
                Add(fields, type, member.Name.Length == 0 ? prefix : $"{prefix}{member.Name}.", at, depth + 1);
            }
            else
            {
                fields.Add(new Field(prefix + member.Name, at, member.BitSize > 0 ? member.BitSize : unchecked(type.Extent * 8),
                    member.BitSize > 0, member.Type, member.Line));
            }
        }
    }

    /// <summary>Whether the two share a bit.</summary>
    public bool Overlaps(Field other) => BitOffset < other.BitEnd && other.BitOffset < BitEnd;
}
