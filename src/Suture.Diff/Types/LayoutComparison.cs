namespace Suture.Diff.Types;

/// <summary>
/// Finds the structs and unions whose declaration changed, by name. One that only contains another that changed is a
/// consequence and not reported; neither is a field that got another name.
/// </summary>
internal sealed class LayoutComparison(TypeGraph original, TypeGraph patched, TypeIdentity identity)
{
    private const int MaxClauses = 3;

    /// <summary>The largest units of the kernel have some 50,000; a bound for what is made to take forever.</summary>
    private const int MaxFields = 1 << 21;

    private int _fields;

    public List<LayoutChange> Run()
    {
        var changes = new List<LayoutChange>();
        foreach (var before in original.Named)
        {
            if (before.IsComposite && patched.Find(before.Kind, before.Name) is { } after && Compare(before, after) is { } change)
            {
                changes.Add(change);
            }
        }
        return changes;
    }

    private LayoutChange? Compare(CType before, CType after)
    {
        var (old, @new) = (Field.Of(before), Field.Of(after));
        _fields += old.Count + @new.Count;
        if (_fields > MaxFields)
        {
            throw new TypeFormatException("type information", "structs", $"more than {MaxFields} fields");
        }
        var (removed, added) = (Without(old, @new), Without(@new, old));
        var clauses = new List<(LayoutEffect Effect, string Text, int Line)>();
        Pair(removed, added, clauses);
        var moved = Compare(old, @new, clauses);
        var isLayout = before.Size != after.Size || moved is not null || clauses.Exists(c => c.Effect == LayoutEffect.Layout);
        foreach (var field in added)
        {
            var isFree = !old.Exists(field.Overlaps);
            clauses.Add((isLayout ? LayoutEffect.Layout : isFree ? LayoutEffect.Padding : LayoutEffect.Meaning,
                $"field '{field.Path}' added at {field.Place}" + (isLayout || isFree ? "" : ", which other fields occupy too"), field.Line));
        }
        foreach (var field in removed)
        {
            clauses.Add((isLayout ? LayoutEffect.Layout : LayoutEffect.Meaning, $"field '{field.Path}' removed from {field.Place}", 0));
        }
        if (isLayout && !clauses.Exists(c => c.Effect == LayoutEffect.Layout))
        {
            if (ContainsAnother(@new))
            {
                return Made(before, after, clauses);
            }
            clauses.Add((LayoutEffect.Layout, moved ?? "its alignment or packing changed", 0));
        }
        return Made(before, after, clauses);
    }

    private static LayoutChange? Made(CType before, CType after, List<(LayoutEffect Effect, string Text, int Line)> clauses)
    {
        if (clauses.Count == 0)
        {
            return null;
        }
        var effect = clauses.Max(c => c.Effect);
        var worst = clauses.FindAll(c => c.Effect == effect);
        var words = string.Join(", ", worst.Take(MaxClauses).Select(c => c.Text));
        words += worst.Count > MaxClauses ? $" and {worst.Count - MaxClauses} more" : "";
        words += before.Size != after.Size ? $"; size {before.Size} -> {after.Size}" : "";
        return new LayoutChange(before, after, effect, words, worst.Select(c => c.Line).FirstOrDefault(l => l > 0));
    }

    private static List<Field> Without(List<Field> fields, List<Field> others)
    {
        var names = others.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
        return fields.FindAll(f => !names.Contains(f.Path));
    }

    /// <summary>A field that takes another's place: by name only when the type is the same.</summary>
    private void Pair(List<Field> removed, List<Field> added, List<(LayoutEffect, string, int)> clauses)
    {
        foreach (var gone in removed.ToList())
        {
            var at = added.FindIndex(f => f.BitOffset == gone.BitOffset && f.Bits == gone.Bits);
            var difference = at < 0 ? Difference.Layout : identity.Compare(gone.Type, added[at].Type);
            if (difference == Difference.Layout)
            {
                continue;
            }
            if (difference != Difference.None)
            {
                clauses.Add((Effect(difference), $"field '{gone.Path}' ({gone.Type}) became '{added[at].Path}' ({added[at].Type})", added[at].Line));
            }
            added.RemoveAt(at);
            removed.Remove(gone);
        }
    }

    /// <summary>Compares the fields of both; returns in words the first that moved.</summary>
    private string? Compare(List<Field> old, List<Field> @new, List<(LayoutEffect, string, int)> clauses)
    {
        var after = @new.ToLookup(f => f.Path, StringComparer.Ordinal);
        string? moved = null;
        foreach (var field in old)
        {
            if (after[field.Path].FirstOrDefault() is not { Type: { } type } twin)
            {
                continue;
            }
            if (twin.BitOffset != field.BitOffset)
            {
                moved ??= $"field '{field.Path}' moved from {field.Place} to {twin.Place}";
            }
            if ((field.IsBitField || twin.IsBitField) && field.Bits != twin.Bits)
            {
                clauses.Add((LayoutEffect.Layout, $"field '{field.Path}' was {field.Bits} and is {twin.Bits} bits wide", twin.Line));
            }
            else if (identity.Compare(field.Type, type) is not Difference.None and var difference)
            {
                clauses.Add((Effect(difference), $"field '{field.Path}' was '{field.Type}' and is '{type}'", twin.Line));
            }
        }
        return moved;
    }

    private static LayoutEffect Effect(Difference difference) => difference switch
    {
        Difference.Layout => LayoutEffect.Layout,
        Difference.Calls => LayoutEffect.Calls,
        _ => LayoutEffect.Meaning,
    };

    /// <summary>Whether a field is of another type by name that has another size now.</summary>
    private bool ContainsAnother(List<Field> fields) => fields.Exists(f => f.Type.Element is { Name.Length: > 0 } inner
        && original.Find(inner.Kind, inner.Name) is { } before && patched.Find(inner.Kind, inner.Name) is { } after && before.Size != after.Size);
}
