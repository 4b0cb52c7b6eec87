namespace Suture.Verify;

/// <summary>Names as compilers number them; twins of one name may differ in the numbers.</summary>
internal static class CompilerNames
{
    /// <summary>What stays of <paramref name="name"/> when the numbers go.</summary>
    public static string Key(string name)
    {
        var promoted = name.IndexOf(".llvm.", StringComparison.Ordinal);
        var parts = (promoted > 0 ? name[..promoted] : name).Split('.');
        var key = string.Join('.', parts.Where((p, i) => i == 0 || p.Length == 0 || p.AsSpan().ContainsAnyExceptInRange('0', '9')));
        return key.StartsWith("__UNIQUE_ID_", StringComparison.Ordinal) ? key.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') : key;
    }

    /// <summary>Whether the name is that of a variable inside a function: only such names hold a dot.</summary>
    public static bool IsLocal(string name) => name.IndexOf('.', StringComparison.Ordinal) > 0;

    /// <summary>The function that a part for unlikely paths belongs to, or null when the name is no such part's.</summary>
    public static string? ColdParent(string name)
    {
        var at = name.LastIndexOf(".cold", StringComparison.Ordinal);
        return at > 0 && (at + 5 == name.Length || (name[at + 5] == '.' && !name.AsSpan(at + 6).ContainsAnyExceptInRange('0', '9'))) ? name[..at] : null;
    }

    /// <summary>
    /// Whether a name is that of state or a constant which each use of a macro, or of a switch, has for itself (warned once, rate limit, lock
    /// class, function name): a replaced function may have a fresh one, and which old one it had does not matter, if constants hold the same. clang puts the function before it.
    /// </summary>
    public static bool IsOfMacro(string key) => Own(key) is "__already_done" or "__warned" or "__print_once" or "__section__warned" or "__key"
        or "_rs" or "descriptor" or "_entry" or "_entry_ptr" or "CSWTCH" or "__func__" or "__FUNCTION__" or "__PRETTY_FUNCTION__" or "__msg"
        || key.StartsWith("__UNIQUE_ID_ddebug", StringComparison.Ordinal);

    /// <summary>Whether a name is that of a rate limit's state, whose numbers the author chose.</summary>
    public static bool IsRateLimit(string key) => Own(key) == "_rs";

    private static string Own(string key) => key[(key.LastIndexOf('.') + 1)..];
}
