using System.Globalization;
using System.Text;

namespace Suture.Build.Patches;

/// <summary>
/// Keeps line numbers: behind each change a <c>#line</c> directive gives the lines their original numbers back, so
/// that __LINE__, WARN() and the like compile to the same bytes in code the patch leaves alone.
/// </summary>
public static class LineDirectives
{
    /// <summary>
    /// The patched text with <c>#line</c> directives, each at the first line behind a change where one may stand;
    /// lines before it (the rest of a statement that the change cuts into) keep shifted numbers.
    /// </summary>
    public static byte[] Inject(PatchedFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.IsNew)
        {
            return file.Patched;
        }
        var lines = SourceText.Split(file.Patched);
        var lexed = DirectiveLexer.Lex(file.Patched);
        using var output = new MemoryStream(file.Patched.Length + 64);
        // What the compiler takes the next line for; a directive in a branch not compiled has no effect, so
        // behind a branch that holds one the number is not known and said again.
        var number = 1;
        var known = true;
        var branches = new Stack<bool>();
        for (var i = 0; i < lines.Count; i++)
        {
            var original = file.Origins[i].OriginalLine;
            if (original != 0 && lexed[i].IsSafe && (number != original || !known))
            {
                output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"#line {original}\n")));
                (number, known) = (original, true);
                MarkAll(branches);
            }
            output.Write(lines[i].Span);
            number++;
            known &= !Leaves(lexed[i].Conditional, branches);
        }
        return output.ToArray();
    }

    /// <summary>Follows conditionals; true when the line ends a branch that held a directive.</summary>
    private static bool Leaves(Conditional conditional, Stack<bool> branches)
    {
        switch (conditional)
        {
            case Conditional.If:
                branches.Push(false);
                return false;
            case Conditional.Else:
                return branches.TryPeek(out var held) && held;
            case Conditional.EndIf:
                return branches.TryPop(out var any) && any;
            default:
                return false;
        }
    }

    private static void MarkAll(Stack<bool> branches)
    {
        var depth = branches.Count;
        branches.Clear();
        for (var i = 0; i < depth; i++)
        {
            branches.Push(true);
        }
    }
}
