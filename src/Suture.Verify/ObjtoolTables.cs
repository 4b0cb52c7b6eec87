namespace Suture.Verify;

/// <summary>
/// Entries of the tables that only objtool can write (stack unwinding, call sites, sealed entry points), each as one line:
/// table, place described and how it is referred to, bytes. As objtool left them they must be in the finished module.
/// </summary>
internal static class ObjtoolTables
{
    private const int MaxEntries = 1 << 22;
    private const long MaxCharacters = 1 << 28;
    private const int NumberCharacters = 40;

    /// <summary>The entries of <paramref name="file"/>, sorted.</summary>
    /// <exception cref="DamagedFileException">They are more than any kernel's objtool makes.</exception>
    public static List<string> List(RelocatableFile file)
    {
        var (lines, characters) = (new List<string>(), 0L);
        foreach (var (name, size) in TableSections.OfObjtool)
        {
            if (file.Find(name) is not { } section)
            {
                continue;
            }
            if (!section.HasBytes && section.Size > 0)
            {
                // To the kernel these are entries, of zeroes.
                lines.Add($"{name} of {section.Size} bytes without contents");
                continue;
            }
            var records = name == ".orc_unwind_ip" && file.Find(".orc_unwind") is { } unwind ? file.BytesOf(unwind) : default;
            var count = (int)(section.Size / size);
            var width = count > 0 ? records.Length / count : 0;
            var places = file.RelocationsOf(section).ToLookup(r => r.Offset / size);
            for (var i = 0; i < count; i++)
            {
                characters += places[i].Sum(r => NumberCharacters + (r.Symbol.Section?.Name ?? r.Symbol.Name).Length) + 2 * width;
                if (lines.Count > MaxEntries || characters > MaxCharacters)
                {
                    throw new DamagedFileException(file.Name, $"section {name}", "has more entries, or longer ones, than any module");
                }
                var place = string.Join(' ', places[i].Select(r => $"{r.Symbol.Section?.Name ?? r.Symbol.Name}+0x{r.Symbol.Value + r.Addend:x}:{r.Type}@{r.Offset % size}"));
                lines.Add($"{name} {place} {Convert.ToHexStringLower(records.Slice(i * width, width))}".TrimEnd());
            }
        }
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }
}
