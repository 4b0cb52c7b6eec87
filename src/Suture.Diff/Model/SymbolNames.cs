namespace Suture.Diff.Model;

/// <summary>
/// Names as compilers decorate them. GCC numbers static locals (<c>count.12</c>), clones
/// (<c>f.isra.0</c>, <c>f.constprop.3</c>, <c>f.part.1</c>) and cold parts (<c>f.cold</c>, formerly
/// <c>f.cold.7</c>); the kernel's __UNIQUE_ID appends a counter. The numbers drift when unrelated code changes.
/// </summary>
public static class SymbolNames
{
    /// <summary>The name without drifting numbers; equal for twins.</summary>
    public static string Key(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var llvm = name.IndexOf(".llvm.", StringComparison.Ordinal);
        var key = llvm > 0 ? name[..llvm] : name;
        if (key.Contains('.', StringComparison.Ordinal))
        {
            // Drop every all-digit part but the first part, which is the source name.
            var parts = key.Split('.');
            key = string.Join('.', parts.Where((part, i) => i == 0 || part.Length == 0 || !part.All(char.IsAsciiDigit)));
        }
        if (key.StartsWith("__UNIQUE_ID_", StringComparison.Ordinal))
        {
            key = key.TrimEnd("0123456789".ToCharArray());
        }
        return key;
    }

    /// <summary>Whether the name is that of a part split off for unlikely paths.</summary>
    public static bool IsCold(string name) => ColdMark(name) > 0;

    /// <summary>Name of the function that the cold part <paramref name="name"/> was split from.</summary>
    public static string ColdParent(string name) => name[..ColdMark(name)];

    private static int ColdMark(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var at = name.LastIndexOf(".cold", StringComparison.Ordinal);
        if (at <= 0)
        {
            return -1;
        }
        var rest = name.AsSpan(at + 5);
        return rest.Length == 0 || (rest[0] == '.' && !rest[1..].ContainsAnyExceptInRange('0', '9')) ? at : -1;
    }

    private static readonly HashSet<string> OwnCopyKeys = new(StringComparer.Ordinal)
    {
        "__func__", "__FUNCTION__", "__PRETTY_FUNCTION__", "__already_done", "__warned", "__key",
        "_rs", "descriptor", "_entry", "_entry_ptr", "CSWTCH", "__print_once", "__section__warned",
    };

    /// <summary>
    /// Whether data of this key is private to each use of a macro (print-once flags, rate limits, lock class
    /// keys, function names): a replaced function gets a copy of its own, and no twin is sought.
    /// </summary>
    public static bool IsOwnCopy(string key) =>
        OwnCopyKeys.Contains(key) || key.StartsWith("__UNIQUE_ID_ddebug", StringComparison.Ordinal);
}
