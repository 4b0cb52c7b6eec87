namespace Suture.Verify;

/// <summary>
/// Entries of the tables that only objtool can write (stack unwinding, call sites, sealed entry points), each as one line:
/// table, place described and how it is referred to, bytes. As objtool left them they must be in the finished module.
/// </summary>
internal static class ObjtoolTables
{
    /// <summary>The entries of <paramref name="file"/>, sorted.</summary>
    public static List<string> List(RelocatableFile file)
    {
        var lines = new List<string>();
        foreach (var (name, size) in TableSections.OfObjtool)
        {
            if (file.Find(name) is not { } section)
            {
                continue;
            }
            var records = name == ".orc_unwind_ip" && file.Find(".orc_unwind") is { } unwind ? file.BytesOf(unwind) : default;
            var count = (int)(section.Size / size);
            var width = count > 0 ? records.Length / count : 0;
            var places = file.RelocationsOf(section).ToLookup(r => r.Offset / size);
            for (var i = 0; i < count; i++)
            {
                var place = string.Join(' ', places[i].Select(r => $"{r.Symbol.Section?.Name ?? r.Symbol.Name}+0x{r.Symbol.Value + r.Addend:x}:{r.Type}@{r.Offset % size}"));
                lines.Add($"{name} {place} {Convert.ToHexStringLower(records.Slice(i * width, width))}".TrimEnd());
            }
        }
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }
}
