using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>The words of C source lines that tell what they are about, and the items at file scope that lines belong to.</summary>
internal static partial class SourceWords
{
    // C's own words, and names so common that two changes which use them need have nothing to do with each other.
    private static readonly FrozenSet<string> Common = FrozenSet.ToFrozenSet(
    [
        "auto", "break", "case", "const", "continue", "default", "double", "else", "enum", "extern", "float", "goto", "inline", "long", "register", "return",
        "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "typeof", "union", "unsigned", "void", "volatile", "while", "char",
        "bool", "true", "false", "NULL", "likely", "unlikely", "size_t", "ssize_t", "loff_t", "uint32_t", "uint64_t", "int32_t", "error", "flags", "data", "list",
        "next", "prev", "head", "count", "size", "name", "type", "value", "offset", "index", "status", "result", "dev_err", "dev_warn", "dev_dbg", "pr_err", "pr_warn",
        "pr_debug", "pr_info", "define", "ifdef", "ifndef", "endif", "include", "undef", "READ_ONCE", "WRITE_ONCE", "memset", "memcpy", "container_of", "IS_ERR",
        "PTR_ERR", "ERR_PTR", "GFP_KERNEL", "GFP_ATOMIC", "kfree", "priv", "info", "private_data", "device", "spin_lock", "spin_unlock", "mutex_lock", "mutex_unlock",
        "spin_lock_irqsave", "spin_unlock_irqrestore", "WARN_ON", "WARN_ON_ONCE", "BUG_ON", "goto_out", "exit", "fail", "done", "unlock", "min_t", "max_t",
    ]);

    /// <summary>
    /// Words that changed lines have on one side only, or on both sides a different number of times; not those that are of <paramref name="locals"/>, unless
    /// a struct's member is called so too.
    /// </summary>
    public static HashSet<string> Changed(IReadOnlyList<string> lines, IReadOnlySet<string> locals)
    {
        var balance = new Dictionary<(string, bool), int>();
        foreach (var line in lines.Where(l => l[0] is '+' or '-'))
        {
            foreach (var word in Found(line[1..]))
            {
                balance[word] = balance.GetValueOrDefault(word) + (line[0] == '+' ? 1 : -1);
            }
        }
        return [.. balance.Where(b => b.Value != 0).Select(b => b.Key).Where(w => w is (_, true) || !locals.Contains(w.Item1)).Select(w => w.Item1)];
    }

    /// <summary>Words of a line of source, without comments, literals, C's own words and names of three letters and less, unless they are of a struct's member.</summary>
    public static IEnumerable<string> Of(string line) => Found(line).Select(w => w.Word);

    /// <summary>A line without comments and literals.</summary>
    public static string Code(string line) => IsComment(line) ? "" : Noise().Replace(line, " ");

    private static IEnumerable<(string Word, bool IsMember)> Found(string line) =>
        Word().Matches(Code(line)).Select(m => (Word: m.Value.TrimStart('.', '-', '>'), IsMember: m.Value[0] is '.' or '-'))
            .Where(w => w.IsMember || (w.Word.Length > 3 && !Common.Contains(w.Word) && !ErrorNumber().IsMatch(w.Word)));

    /// <summary>Words of what stands at file scope at <paramref name="item"/>.</summary>
    public static IEnumerable<string> OfBody(IReadOnlyList<string> lines, SourceItem item) => Body(lines, item).SelectMany(Of);

    /// <summary>Names that mean something in the function <paramref name="item"/> alone: its parameters, variables and labels.</summary>
    public static IEnumerable<string> LocalsOf(IReadOnlyList<string> lines, SourceItem item) => Body(lines, item).Select(Code)
        .SelectMany(l => LocalLabel().Match(l) is { Success: true } label ? [label.Groups[1].Value]
            : Local().Matches(l).Where(m => !IsNoType(m.Groups[1].Value)).Select(m => m.Groups[2].Value));

    private static bool IsNoType(string word) => word is "return" or "goto" or "else" or "case" or "sizeof" or "struct" or "union" or "enum";

    /// <summary>Lines of what stands at file scope: a macro with those behind its backslashes, else all to the brace at the left edge, or to the end of what has no braces over several lines.</summary>
    private static IEnumerable<string> Body(IReadOnlyList<string> lines, SourceItem item)
    {
        var isMacro = lines[item.Line].StartsWith('#');
        var isOpen = false;
        for (var i = item.Line; i < lines.Count; i++)
        {
            var line = lines[i].TrimEnd();
            yield return line;
            isOpen |= line.Count(c => c == '{') > line.Count(c => c == '}');
            if (isMacro ? !line.EndsWith('\\') : line.StartsWith('}') || (!isOpen && (line.EndsWith(';') || line.EndsWith('}'))))
            {
                yield break;
            }
        }
    }

    /// <summary>Whether a line holds neither code nor directive.</summary>
    public static bool IsBlank(string line) => IsComment(line) || string.IsNullOrWhiteSpace(Noise().Replace(line, m => m.Value[0] == '/' ? "" : m.Value));

    /// <summary>
    /// What stands at file scope around line <paramref name="at"/> (from 0), by the kernel's style: it begins at the left edge and ends with a brace there.
    /// Null between items.
    /// </summary>
    public static SourceItem? ItemAt(IReadOnlyList<string> lines, int at)
    {
        for (var i = Math.Min(at, lines.Count - 1); i >= 0; i--)
        {
            var line = lines[i];
            if (line.StartsWith('}') && i < at)
            {
                return null;
            }
            if (line.Length > 0 && (char.IsLetter(line[0]) || line[0] == '_') && !Label().IsMatch(line))
            {
                return Named(i, line);
            }
            if (line.StartsWith('#') && Define().Match(line) is { Success: true } define && ReachesFrom(lines, i, at))
            {
                return new SourceItem(i, define.Groups[1].Value, IsCallable: define.Groups[2].Value == "(", IsLocal: false);
            }
        }
        return null;
    }

    private static SourceItem Named(int line, string text)
    {
        if (MacroUse().Match(text) is { Success: true } use && (!Common.Contains(use.Groups[2].Value) || PerCpuName().IsMatch(text)))
        {
            // What a macro makes is called by its first argument, and known to others as such; SYSCALL_DEFINE makes a function that they cannot name.
            var (macro, argument, end) = (use.Groups[1].Value, PerCpuName().Match(text) is { Success: true } perCpu ? perCpu.Groups[1].Value : use.Groups[2].Value, use.Groups[3].Value);
            return SystemCall().Match(macro) is { Success: true } call ? new SourceItem(line, $"__do_{(call.Groups[1].Success ? "compat_" : "")}sys_{argument}", IsCallable: true, IsLocal: true)
                : new SourceItem(line, argument.Length > 0 ? argument : macro, IsCallable: end.Length == 0, IsLocal: text.StartsWith("static ", StringComparison.Ordinal));
        }
        var match = Declarator().Match(text);
        var isType = Type().Match(text) is { Success: true };
        var name = isType ? Type().Match(text).Groups[1].Value : match.Success ? match.Groups[1].Value : text.Split(' ', '\t', ';', '[', '=')[0];
        return new SourceItem(line, name, IsCallable: !isType && match.Success && match.Groups[2].Value == "(", IsLocal: text.StartsWith("static ", StringComparison.Ordinal));
    }

    /// <summary>Whether a line begins the definition of a structure, union or enumeration.</summary>
    public static bool BeginsType(string line) => TypeBody().IsMatch(line);

    /// <summary>Whether a macro goes on, behind backslashes, to line <paramref name="at"/>.</summary>
    private static bool ReachesFrom(IReadOnlyList<string> lines, int from, int at)
    {
        for (var i = from; i < at; i++)
        {
            if (!lines[i].EndsWith('\\'))
            {
                return false;
            }
        }
        return true;
    }

    private static bool IsComment(string line) => Comment().IsMatch(line);

    [GeneratedRegex(@"(?:->|\.)?\b[A-Za-z_]\w*")]
    private static partial Regex Word();

    [GeneratedRegex(@"""(?:\\.|[^""\\])*""|'(?:\\.|[^'\\])*'|/\*.*?(?:\*/|$)|//.*$")]
    private static partial Regex Noise();

    // By the kernel's style each line of a longer comment begins with an asterisk; a pointer's has no blank behind it.
    [GeneratedRegex(@"^\s*(?:\*(?:[ \t/]|$)|/\*(?!.*\*/\s*\S)|//)")]
    private static partial Regex Comment();

    [GeneratedRegex("^E[A-Z0-9]+$")]
    private static partial Regex ErrorNumber();

    [GeneratedRegex(@"^\w+:(?!:)")]
    private static partial Regex Label();

    [GeneratedRegex(@"^#\s*define\s+(\w+)(\(?)")]
    private static partial Regex Define();

    [GeneratedRegex(@"^(?:static\s+|const\s+)*(?:struct|union|enum)\s+(\w+)\s*\{")]
    private static partial Regex Type();

    [GeneratedRegex(@"^(?:static\s+|const\s+|typedef\s+)*(?:struct|union|enum)\b[^;=()]*\{")]
    private static partial Regex TypeBody();

    // A macro at file scope has no type before it; functions, whose type may stand in the line above, are not called in capitals and do not end so.
    [GeneratedRegex(@"^(?:static\s+)?(?=[A-Z][A-Z0-9_]*\s*\(|\w+\s*\(.*\)\s*;)(\w+)\s*\(\s*(\w*)[^;]*(;?)\s*$")]
    private static partial Regex MacroUse();

    // The one kind of macro whose first argument is a type.
    [GeneratedRegex(@"_PER_CPU\w*\s*\([^,;]*,\s*(\w+)\s*\)\s*;?\s*$")]
    private static partial Regex PerCpuName();

    [GeneratedRegex(@"^(COMPAT_)?SYSCALL(?:32)?_DEFINE\d$")]
    private static partial Regex SystemCall();

    // A type or what ends one, and a name that is declared: 'struct foo *bar = ', 'int a, ', 'u8 b[', 'long c)'. Names in capitals are macros.
    [GeneratedRegex(@"\b(\w+)(?:\s+\**|\s*\*+)(?![A-Z0-9_]+\b)(\w+)\s*(?==(?!=)|[;,)\[])")]
    private static partial Regex Local();

    [GeneratedRegex(@"^\s*(?!default\b)(\w+):(?!:)")]
    private static partial Regex LocalLabel();

    // The word before the parameters, or before what a variable is set to.
    [GeneratedRegex(@"(\w+)\s*(\(|\[|=|;|$)")]
    private static partial Regex Declarator();
}

/// <summary>What stands at file scope.</summary>
/// <param name="Line">Where it begins, from 0.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsCallable">Whether it is a function, or a macro with parameters.</param>
/// <param name="IsLocal">Whether it is static: in a source file nobody else can mean it.</param>
internal sealed record SourceItem(int Line, string Name, bool IsCallable, bool IsLocal);
