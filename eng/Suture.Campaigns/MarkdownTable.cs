namespace Suture.Campaigns;

/// <summary>Writes Markdown tables; what would end a cell is escaped.</summary>
internal static class MarkdownTable
{
    /// <summary>Writes one table with a blank line after it.</summary>
    public static void Write(TextWriter output, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        output.WriteLine($"| {string.Join(" | ", headings)} |");
        output.WriteLine($"|{string.Concat(headings.Select(_ => " --- |"))}");
        foreach (var row in rows)
        {
            output.WriteLine($"| {string.Join(" | ", row.Select(Cell))} |");
        }
        output.WriteLine();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ").Trim();
}
