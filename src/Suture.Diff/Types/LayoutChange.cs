namespace Suture.Diff.Types;

/// <summary>What became of a struct's layout, from harmless to worst.</summary>
internal enum LayoutEffect
{
    /// <summary>A field has the same place and size, but another type; or a field is gone and its place is empty.</summary>
    Meaning,
    /// <summary>A field is new where nothing was before; size and all other fields are as they were.</summary>
    Padding,
    /// <summary>Functions called through a field take or return something else.</summary>
    Calls,
    /// <summary>Size or the place of a field differs.</summary>
    Layout,
}

/// <summary>A struct or union that differs by its own declaration, not merely because one that it contains does.</summary>
/// <param name="Original">As it was.</param>
/// <param name="Patched">As it is now.</param>
/// <param name="Effect">The worst of what differs.</param>
/// <param name="Words">What differs, field by field.</param>
/// <param name="Line">Line of the field named first, 0 when unknown.</param>
internal sealed record LayoutChange(CType Original, CType Patched, LayoutEffect Effect, string Words, int Line)
{
    /// <summary>Whether other units can name it: it is declared in a header, or nobody knows where.</summary>
    public bool IsShared => Patched.File is not { } file || !file.EndsWith(".c", StringComparison.Ordinal);
}
