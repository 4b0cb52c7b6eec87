using System.Text;
using System.Text.RegularExpressions;
using Suture.Build.Compile;

namespace Suture.Build.Trees;

/// <summary>
/// What assembly code can see of a source file: all but the parts under <c>#ifndef __ASSEMBLY__</c>, without comments. Other conditionals
/// are left as they are, so that too much may be seen, and never too little.
/// </summary>
internal static partial class AssemblyText
{
    /// <summary>The lines that assembly may be made of, continued ones as one, one blank where there were several.</summary>
    public static string Visible(byte[] text)
    {
        var visible = new StringBuilder();
        // Of each open conditional: whether assembly takes its first branch (null: that depends on something else), and whether it sees the branch at hand.
        var open = new Stack<(bool? First, bool IsSeen)>();
        foreach (var line in HeaderItems.Lines(text))
        {
            var match = Conditional().Match(line);
            var around = match.Groups[1].Value;
            if (around is "endif" or "else" or "elif" && open.TryPop(out var conditional) && around != "endif")
            {
                conditional.IsSeen = conditional.First is not true;
                Keep(line);
                open.Push(conditional);
                continue;
            }
            Keep(line);
            if (around is "if" or "ifdef" or "ifndef")
            {
                var first = TakesFirst(around, match.Groups[2].Value);
                open.Push((first, first is not false));
            }
        }
        return visible.ToString();

        void Keep(string line)
        {
            if (open.All(c => c.IsSeen))
            {
                visible.Append(Blanks().Replace(line, " ")).Append('\n');
            }
        }
    }

    private static bool? TakesFirst(string keyword, string condition) => keyword switch
    {
        "ifdef" => Name().IsMatch(condition) ? true : null,
        "ifndef" => Name().IsMatch(condition) ? false : null,
        _ => Defined().IsMatch(condition) ? true : NotDefined().IsMatch(condition) && !condition.Contains("||", StringComparison.Ordinal) ? false : null,
    };

    [GeneratedRegex(@"^#\s*(if|ifdef|ifndef|elif|else|endif)\b\s*(.*)$")]
    private static partial Regex Conditional();

    [GeneratedRegex(@"^__ASSEMBL(?:Y|ER)__$")]
    private static partial Regex Name();

    [GeneratedRegex(@"^defined\s*(?:\(\s*__ASSEMBL(?:Y|ER)__\s*\)|__ASSEMBL(?:Y|ER)__)$")]
    private static partial Regex Defined();

    [GeneratedRegex(@"^!\s*defined\s*(?:\(\s*__ASSEMBL(?:Y|ER)__\s*\)|__ASSEMBL(?:Y|ER)__)\s*(?:$|&&)")]
    private static partial Regex NotDefined();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
