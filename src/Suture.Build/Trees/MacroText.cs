using System.Text.RegularExpressions;

namespace Suture.Build.Trees;

/// <summary>A macro as it is written, in one line and without comments.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameters">What stands between its parentheses; empty when it has none.</param>
/// <param name="Body">What it stands for.</param>
internal sealed partial record MacroText(string Name, string Parameters, string Body)
{
    /// <summary>Arguments that <c>...</c> may stand for, at the most.</summary>
    private const int MostVariadic = 20;

    /// <summary>Characters of a call at the most.</summary>
    private const int LongestCall = 4_000;

    /// <summary>The macro that <paramref name="line"/> defines; null when it does not.</summary>
    public static MacroText? Read(string line) =>
        Definition().Match(line) is { Success: true } m ? new MacroText(m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value) : null;

    /// <summary>The words that stand for what it is given.</summary>
    public HashSet<string> ParameterNames() => Words().Matches(Parameters).Select(m => m.Value).Append("__VA_ARGS__").ToHashSet(StringComparer.Ordinal);

    /// <summary>Which of its parameters are among <paramref name="names"/>, from 0.</summary>
    public HashSet<int> IndicesOf(IReadOnlySet<string> names)
    {
        var list = Parameters.Split(',').Select(p => p.Trim()).ToList();
        var indices = list.Index().Where(p => names.Contains(p.Item)).Select(p => p.Index).ToHashSet();
        if (list[^1].EndsWith("...", StringComparison.Ordinal) && names.Contains(list[^1] == "..." ? "__VA_ARGS__" : list[^1][..^3].TrimEnd()))
        {
            indices.UnionWith(Enumerable.Range(list.Count - 1, MostVariadic));
        }
        return indices;
    }

    /// <summary>The parameter at <paramref name="index"/>; null when there is none, or it stands for several.</summary>
    public string? ParameterAt(int index) => Parameters.Split(',') is var list && index < list.Length && list[index].Trim() is { Length: > 0 } name && !name.EndsWith('.') ? name : null;

    /// <summary>The words that it puts together by <c>##</c>, for each that it makes.</summary>
    public IEnumerable<string[]> Chains() => Body.Contains("##", StringComparison.Ordinal)
        ? Chain().Matches(Body).Select(m => m.Value.Split("##").Select(w => w.Trim()).Where(w => w.Length > 0).ToArray()).Where(c => c.Length > 1)
        : [];

    /// <summary>What a call gives whose parentheses begin at <paramref name="at"/> of <paramref name="text"/>; null when none begin there.</summary>
    public static IReadOnlyList<string>? ArgumentsAt(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
        if (at >= text.Length || text[at] != '(')
        {
            return null;
        }
        var arguments = new List<string>();
        var (depth, start, end) = (0, at + 1, Math.Min(text.Length, at + LongestCall));
        for (; at < end; at++)
        {
            depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
            if (depth == 0 || (depth == 1 && text[at] == ','))
            {
                arguments.Add(text[start..at]);
                start = at + 1;
            }
            if (depth == 0)
            {
                return arguments;
            }
        }
        // Cut short: what is left may be any of them.
        return [.. arguments, .. Enumerable.Repeat(text[start..at], MostVariadic)];
    }

    /// <summary>What is called with an argument that holds <paramref name="at"/> of <paramref name="text"/>, and which argument that is; null when nothing is.</summary>
    public static (string Name, int Index)? CallAround(string text, int at)
    {
        var (depth, index, end) = (0, 0, Math.Max(0, at - LongestCall));
        while (--at >= end)
        {
            switch (text[at])
            {
                case ')':
                    depth++;
                    break;
                case '(' when depth > 0:
                    depth--;
                    break;
                case ',' when depth == 0:
                    index++;
                    break;
                case ';' or '{' or '}' when depth == 0:
                    return null;
                case '(':
                    var before = text.AsSpan(0, at).TrimEnd();
                    var start = before.Length;
                    while (start > 0 && (char.IsAsciiLetterOrDigit(before[start - 1]) || before[start - 1] == '_'))
                    {
                        start--;
                    }
                    return start < before.Length ? (before[start..].ToString(), index) : null;
            }
        }
        return null;
    }

    /// <summary>A text without what stands in its strings: commas and parentheses there end nothing.</summary>
    public static string WithoutLiterals(string plain) => Literal().Replace(plain, "\"\"");

    [GeneratedRegex(@"""(?:\\.|[^""\\\n])*""|'(?:\\.|[^'\\\n])*'")]
    private static partial Regex Literal();

    [GeneratedRegex(@"^\s*#\s*define\s+(\w+)(?:\(([^)]*)\))?(.*)$")]
    private static partial Regex Definition();

    [GeneratedRegex(@"\w+")]
    public static partial Regex Words();

    [GeneratedRegex(@"\w*(?:\s*##\s*\w*)+")]
    private static partial Regex Chain();
}
