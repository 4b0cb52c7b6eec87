using System.Text;
using Suture.Build.Patches;

namespace Suture.CatchUp.Difference;

/// <summary>Something at file scope that a commit changes.</summary>
/// <param name="File">The file, relative to the tree.</param>
/// <param name="Item">What stands there; its line is none of the file's.</param>
internal readonly record struct CommitItem(string File, SourceItem Item)
{
    /// <summary>What the hunks of <paramref name="patch"/> change. The line behind the second <c>@@</c> begins what a hunk's first lines are part of.</summary>
    public static IEnumerable<CommitItem> Of(FilePatch patch, string file)
    {
        ArgumentNullException.ThrowIfNull(patch);
        foreach (var hunk in file.EndsWith(".c", StringComparison.Ordinal) || file.EndsWith(".h", StringComparison.Ordinal) ? patch.Hunks : [])
        {
            var section = Encoding.Latin1.GetString(hunk.Section.Span);
            var (before, after) = (new List<string> { section }, new List<string> { section });
            foreach (var line in hunk.Lines)
            {
                var text = Encoding.Latin1.GetString(line.Text.Span).TrimEnd('\n');
                if (line.Kind != HunkLineKind.Added)
                {
                    before.Add(text);
                }
                if (line.Kind != HunkLineKind.Removed)
                {
                    after.Add(text);
                }
                var lines = line.Kind == HunkLineKind.Removed ? before : after;
                if (line.Kind != HunkLineKind.Context && !SourceWords.IsBlank(text) && SourceWords.ItemAt(lines, lines.Count - 1) is { } item)
                {
                    yield return new CommitItem(file, item with { Line = 0 });
                }
            }
        }
    }
}
