namespace Suture.Diff.Model;

/// <summary>
/// Names as compilers decorate them. GCC numbers static locals (<c>count.12</c>), clones
/// (<c>f.isra.0</c>, <c>f.constprop.3</c>, <c>f.part.1</c>) and cold parts (<c>f.cold</c>, formerly
/// <c>f.cold.7</c>); clang spells a static local <c>f.count</c> and numbers it when there are several. The kernel's
/// macros append counters and lines. The numbers drift when unrelated code changes.
/// </summary>
public static class SymbolNames
{
    private const string Unique = "__UNIQUE_ID_";
    private const string Module = "__kmod_";

    /// <summary>The name without drifting numbers; equal for twins.</summary>
    public static string Key(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (IsConstant(name))
        {
            return "C.";
        }
        var key = Before(Before(name, ".llvm."), ".lto_priv");
        if (key.Contains('.', StringComparison.Ordinal))
        {
            // Drop every all-digit part but the first part, which is the source name.
            var parts = key.Split('.');
            key = string.Join('.', parts.Where((part, i) => i == 0 || part.Length == 0 || !part.All(char.IsAsciiDigit)));
        }
        if (!key.StartsWith("__", StringComparison.Ordinal) && !key.Contains(Unique, StringComparison.Ordinal))
        {
            return key;
        }
        if (key.Contains(Unique, StringComparison.Ordinal) || key.StartsWith("__addressable_", StringComparison.Ordinal)
            || key.StartsWith("__compiletime_assert_", StringComparison.Ordinal) || IsUnnamed(key))
        {
            key = key.TrimEnd("0123456789".ToCharArray());
        }
        return key.StartsWith("__initcall_", StringComparison.Ordinal) ? WithoutCounters(key) : key;
    }

    /// <summary>Whether a key is that of the state of a rate limit (<c>DEFINE_RATELIMIT_STATE(_rs, interval, burst)</c>), whose numbers are the author's.</summary>
    public static bool IsRateLimit(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key == "_rs" || key.EndsWith("._rs", StringComparison.Ordinal);
    }

    private static string Before(string name, string mark)
    {
        var at = name.IndexOf(mark, StringComparison.Ordinal);
        return at > 0 ? name[..at] : name;
    }

    /// <summary>An unnamed constant aggregate as GCC calls it: <c>C.7.2041</c>.</summary>
    private static bool IsConstant(string name) =>
        name.StartsWith("C.", StringComparison.Ordinal) && name.Length > 2 && !name.AsSpan(2).ContainsAnyExcept("0123456789.");

    /// <summary>What clang's sanitizers keep, where nothing in the source has a name for it.</summary>
    private static bool IsUnnamed(string name) =>
        name.StartsWith("__unnamed_", StringComparison.Ordinal) || name.StartsWith("___asan_gen_", StringComparison.Ordinal);

    /// <summary>An initcall of the kernel's is <c>__initcall__kmod_MODULE__COUNTER_LINE_FUNCTION</c> and a level.</summary>
    private static string WithoutCounters(string key)
    {
        var at = key.IndexOf(Module, StringComparison.Ordinal);
        for (at = at < 0 ? -1 : key.IndexOf("__", at + Module.Length, StringComparison.Ordinal); at >= 0; at = key.IndexOf("__", at + 1, StringComparison.Ordinal))
        {
            var rest = key.AsSpan(at + 2);
            var counter = Digits(rest);
            var line = counter > 0 && counter < rest.Length && rest[counter] == '_' ? Digits(rest[(counter + 1)..]) : 0;
            if (line > 0)
            {
                return string.Concat(key.AsSpan(0, at + 2), rest[(counter + 1 + line)..]);
            }
        }
        return key;
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
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

    /// <summary>Whether the data of this name is local to a function: only such names hold a dot.</summary>
    public static bool IsStaticLocal(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.IndexOf('.', StringComparison.Ordinal) > 0;
    }

    /// <summary>What the source calls the static local of this name: GCC numbers it, clang puts the function before it.</summary>
    public static string SourceName(string name)
    {
        var key = Key(name);
        return key[(key.LastIndexOf('.') + 1)..];
    }

    /// <summary>
    /// Whether it is the flag of DO_ONCE (include/linux/once.h), which says that something outside of the macro was done. It lies beside the
    /// print-once flags, yet with a copy of it that would be done again: a hash seed chosen anew, say.
    /// </summary>
    public static bool IsOnceFlag(string name) => IsStaticLocal(name) && SourceName(name) == "___done";

    // What macros declare inside the function that uses them.
    private static readonly HashSet<string> OwnCopies = new(StringComparer.Ordinal)
    {
        "__func__", "__FUNCTION__", "__PRETTY_FUNCTION__", "__already_done", "__warned", "__key",
        "__msg", "_rs", "_entry", "_entry_ptr", "CSWTCH", "__print_once", "__section__warned", "______f", "______r",
    };

    /// <summary>Whether it is such data that code counts through: the table of a switch, an unnamed array. Of the others the place is handed on, no more.</summary>
    public static bool IsIndexedOwnCopy(string name) => IsConstant(name) || IsUnnamed(name) || name.StartsWith("switch.table.", StringComparison.Ordinal)
        || name.StartsWith("__gcov", StringComparison.Ordinal) || name.StartsWith("__llvm_gcov_ctr", StringComparison.Ordinal) || SourceName(name) == "CSWTCH";

    /// <summary>
    /// Whether data of this name is private to each use: of a macro (print-once flags, rate limits, lock class
    /// keys, function names, texts for netlink's answers), of a switch, of a profiler's counters. A replaced function gets a copy of its own, and no twin is sought.
    /// </summary>
    public static bool IsOwnCopy(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (IsStaticLocal(name))
        {
            return OwnCopies.Contains(SourceName(name)) || IsConstant(name)
                || name.StartsWith("switch.table.", StringComparison.Ordinal) || name.Contains("__UNIQUE_ID_ddebug", StringComparison.Ordinal)
                || name.StartsWith("__gcov", StringComparison.Ordinal);
        }
        return name.StartsWith("__UNIQUE_ID_ddebug", StringComparison.Ordinal) || name.StartsWith("__llvm_gcov_ctr", StringComparison.Ordinal)
            || IsUnnamed(name);
    }
}
