namespace Suture.Build.Patches;

/// <summary>
/// Whether a patch can change a type that more than one function sees. What stands within a function's body cannot; by the
/// kernel's style a body begins with a line that is an opening brace and ends with one that is a closing brace.
/// Anything else counts as outside, so that a doubt costs time and nothing else.
/// </summary>
internal static class TypeRelevance
{
    /// <summary>Whether some change of the file lies outside of function bodies.</summary>
    public static bool MayChangeTypes(PatchedFile file)
    {
        if (file.IsNew)
        {
            return true;
        }
        var (original, patched) = (SourceText.Split(file.Original), SourceText.Split(file.Patched));
        return file.Regions.Any(r => !IsWithinBody(original, r.OriginalStart - 1, r.OriginalCount) || !IsWithinBody(patched, r.PatchedStart - 1, r.PatchedCount));
    }

    private static bool IsWithinBody(List<ReadOnlyMemory<byte>> lines, int start, int count)
    {
        var (before, after) = (start - 1, start + count);
        // A directive, or a line that goes on behind a backslash, belongs to no body. What is static lives on in the running kernel.
        for (var i = Math.Max(0, before); i < after; i++)
        {
            var line = lines[i].Span.TrimEnd(" \t\r\n"u8);
            if (line.EndsWith("\\"u8) || (i >= start && (line.TrimStart(" \t"u8) is var text && (text.StartsWith("#"u8) || text.StartsWith("static"u8)) || IsBrace(line))))
            {
                return false;
            }
        }
        while (before >= 0 && !IsBrace(lines[before].Span))
        {
            before--;
        }
        while (after < lines.Count && !IsBrace(lines[after].Span))
        {
            after++;
        }
        return before >= 0 && after < lines.Count
            && lines[before].Span.TrimEnd(" \t\r\n"u8).SequenceEqual("{"u8) && lines[after].Span.TrimEnd(" \t\r\n"u8).SequenceEqual("}"u8);
    }

    private static bool IsBrace(ReadOnlySpan<byte> line) => line.Length > 0 && line[0] is (byte)'{' or (byte)'}';
}
