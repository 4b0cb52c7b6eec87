using System.Text;
using System.Text.RegularExpressions;
using Suture.Build.Compile;

namespace Suture.Build.Trees;

/// <summary>A macro that makes one word of two (<c>##</c>): with it a file uses names that are not written in it.</summary>
/// <param name="File">Where it is defined.</param>
/// <param name="Name">Its name.</param>
/// <param name="Before">Words of its own that something is put behind.</param>
/// <param name="After">Words of its own that something is put before.</param>
/// <param name="PastesArguments">Whether it puts two of its arguments together.</param>
/// <param name="PastesMuch">Whether it puts so much together that a part of a word says nothing about the rest.</param>
internal sealed partial record PastingMacro(string File, string Name, IReadOnlyList<string> Before, IReadOnlyList<string> After, bool PastesArguments, bool PastesMuch)
{
    /// <summary>Whether <paramref name="word"/> may be one that it makes of words of its own and one that <paramref name="isWritten"/> somewhere.</summary>
    public bool MayMake(string word, Func<string, bool> isWritten) =>
        Before.Where(b => word.Length > b.Length && word.StartsWith(b, StringComparison.Ordinal)).Any(b => PastesMuch || IsGiven(word[b.Length..], isWritten))
        || After.Where(a => word.Length > a.Length && word.EndsWith(a, StringComparison.Ordinal)).Any(a => PastesMuch || isWritten(word[..^a.Length]));

    private bool IsGiven(string rest, Func<string, bool> isWritten) =>
        isWritten(rest) || After.Any(a => rest.Length > a.Length && rest.EndsWith(a, StringComparison.Ordinal) && isWritten(rest[..^a.Length]));

    /// <summary>All such macros of a file.</summary>
    public static List<PastingMacro> ReadAll(string file, byte[] text)
    {
        var macros = new List<PastingMacro>();
        foreach (var line in HeaderItems.Plain(Encoding.Latin1.GetString(text)).Split('\n').Where(l => l.Contains("##", StringComparison.Ordinal)))
        {
            if (Definition().Match(line) is not { Success: true } definition)
            {
                continue;
            }
            var parameters = Word().Matches(definition.Groups[2].Value).Select(m => m.Value).Append("__VA_ARGS__").ToHashSet(StringComparer.Ordinal);
            var pairs = Pasted().Matches(definition.Groups[3].Value).Select(m => (Left: m.Groups[1].Value, Right: m.Groups[2].Value)).ToList();
            bool IsOwn(string word) => word.Length > 0 && !parameters.Contains(word);
            macros.Add(new PastingMacro(file, definition.Groups[1].Value,
                [.. pairs.Where(p => IsOwn(p.Left) && !IsOwn(p.Right)).Select(p => p.Left).Distinct()],
                [.. pairs.Where(p => IsOwn(p.Right) && !IsOwn(p.Left)).Select(p => p.Right).Distinct()],
                pairs.Exists(p => !IsOwn(p.Left) && !IsOwn(p.Right) && p.Left.Length > 0 && p.Right.Length > 0), pairs.Count > 2));
        }
        return macros;
    }

    [GeneratedRegex(@"^\s*#\s*define\s+(\w+)(?:\(([^)]*)\))?(.*)$")]
    private static partial Regex Definition();

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Word();

    // Looks ahead for the right one: it may be the left one of the next pair.
    [GeneratedRegex(@"(\w*)\s*##\s*(?=(\w*))")]
    private static partial Regex Pasted();
}
