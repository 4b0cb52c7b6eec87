using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>One hunk of a unified diff between two trees, its lines as Latin-1 so that every byte stays.</summary>
/// <param name="OldStart">First line in the older file, from 1; 0 for a new file.</param>
/// <param name="Lines">With the mark before each: blank, - or +; a missing newline at the end of a file is told by a line of its own.</param>
internal sealed partial record DiffHunk(int OldStart, IReadOnlyList<string> Lines)
{
    /// <summary>Lines that it takes in the older file.</summary>
    public int OldCount => Lines.Count(l => l[0] is ' ' or '-');

    /// <summary>Lines that it takes in the newer file.</summary>
    public int NewCount => Lines.Count(l => l[0] is ' ' or '+');

    /// <summary>The hunks of a diff of one file.</summary>
    public static List<DiffHunk> Read(byte[] diff)
    {
        var hunks = new List<DiffHunk>();
        List<string>? lines = null;
        var text = Encoding.Latin1.GetString(diff);
        foreach (var line in text.Split('\n')[..^1])
        {
            if (Header().Match(line) is { Success: true } header)
            {
                lines = [];
                hunks.Add(new DiffHunk(int.Parse(header.Groups[1].Value, CultureInfo.InvariantCulture), lines));
            }
            else
            {
                // An empty context line may have lost its blank.
                lines?.Add(line.Length == 0 ? " " : line);
            }
        }
        return hunks;
    }

    /// <summary>Hunks of one file, in any order, as the patch of these alone.</summary>
    public static byte[] Write(string path, IEnumerable<DiffHunk> hunks)
    {
        var ordered = hunks.DistinctBy(h => h.OldStart).OrderBy(h => h.OldStart).ToList();
        var isNew = ordered is [{ OldStart: 0 }];
        var text = new StringBuilder($"--- {(isNew ? "/dev/null" : "a/" + path)}\n+++ b/{path}\n");
        var shift = 0;
        foreach (var hunk in ordered)
        {
            text.Append(CultureInfo.InvariantCulture, $"@@ -{hunk.OldStart},{hunk.OldCount} +{(isNew ? 1 : hunk.OldStart + shift)},{hunk.NewCount} @@\n");
            shift += hunk.NewCount - hunk.OldCount;
            foreach (var line in hunk.Lines)
            {
                text.Append(line).Append('\n');
            }
        }
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    [GeneratedRegex(@"^@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")]
    private static partial Regex Header();
}
