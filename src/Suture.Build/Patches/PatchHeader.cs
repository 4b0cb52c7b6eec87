using System.Text;
using System.Text.RegularExpressions;
using Suture.Module;

namespace Suture.Build.Patches;

/// <summary>What a patch file says in words, before and between its diffs: the mail of <c>git format-patch</c>, or whatever its author wrote.</summary>
/// <param name="Subject">The first mail's subject without "[PATCH …]"; null when there is none.</param>
/// <param name="Cves">CVE identifiers in the text, in order, in upper case.</param>
internal sealed partial record PatchHeader(string? Subject, IReadOnlyList<string> Cves)
{
    private const int MaxHeaderLines = 10_000;

    public static PatchHeader Read(byte[] patch)
    {
        var lines = HeaderLines(patch);
        var cves = lines.SelectMany(CvesIn).Distinct(StringComparer.Ordinal);
        return new PatchHeader(SubjectOf(lines), [.. cves.Take(NoteRules.MaxCves)]);
    }

    /// <summary>The CVE identifiers in <paramref name="text"/>, in order, in upper case.</summary>
    public static IEnumerable<string> CvesIn(string text) => CveId().Matches(text).Select(m => m.Value.ToUpperInvariant());

    /// <summary>The lines outside of diffs. A mail begins with its "From COMMIT DATE", also behind the diff of another.</summary>
    private static List<string> HeaderLines(byte[] patch)
    {
        var lines = new List<string>();
        var inDiff = false;
        using var text = new StreamReader(new MemoryStream(patch), Encoding.UTF8);
        while (text.ReadLine() is { } line && lines.Count < MaxHeaderLines)
        {
            inDiff = MailStart().IsMatch(line) ? false : inDiff || DiffStart().IsMatch(line);
            if (!inDiff)
            {
                lines.Add(line);
            }
        }
        return lines;
    }

    private static string? SubjectOf(List<string> lines)
    {
        const string field = "Subject:";
        var at = lines.FindIndex(l => l.StartsWith(field, StringComparison.OrdinalIgnoreCase));
        if (at < 0)
        {
            return null;
        }
        var subject = new StringBuilder(lines[at][field.Length..]);
        // RFC 5322, 2.2.3: a line that begins with white space continues the field.
        for (var i = at + 1; i < lines.Count && lines[i].Length > 0 && lines[i][0] is ' ' or '\t'; i++)
        {
            subject.Append(' ').Append(lines[i].Trim());
        }
        var words = EncodedWordGap().Replace(subject.ToString(), "?=$1");
        var title = Spaces().Replace(PatchTag().Replace(EncodedWord().Replace(words, Decode).Trim(), ""), " ").Trim();
        title = title.Length > NoteRules.MaxTitle ? title[..(NoteRules.MaxTitle - 1)].TrimEnd() + "…" : title;
        return NoteRules.IsPrintable(title, NoteRules.MaxTitle) ? title : null;
    }

    /// <summary>RFC 2047, as git writes subjects that are not ASCII; what cannot be decoded stays as it is.</summary>
    private static string Decode(System.Text.RegularExpressions.Match word)
    {
        try
        {
            var content = word.Groups[2].Value;
            return Encoding.UTF8.GetString(word.Groups[1].Value is "b" or "B"
                ? Convert.FromBase64String(content)
                : Encoding.Latin1.GetBytes(QuotedByte().Replace(content.Replace('_', ' '), m => $"{(char)Convert.ToByte(m.Groups[1].Value, 16)}")));
        }
        catch (FormatException)
        {
            return word.Value;
        }
    }

    [GeneratedRegex("""\bCVE-[0-9]{4}-[0-9]{4,19}\b""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex CveId();

    [GeneratedRegex("^From [0-9a-f]{7,64} ")]
    private static partial Regex MailStart();

    [GeneratedRegex("^(diff |--- [^ ]|Index: |@@ -)")]
    private static partial Regex DiffStart();

    [GeneratedRegex("""^(Re:\s*)?(\[[^\]]*\]\s*)+""", RegexOptions.IgnoreCase)]
    private static partial Regex PatchTag();

    [GeneratedRegex("""=\?utf-8\?([bq])\?([^?]*)\?=""", RegexOptions.IgnoreCase)]
    private static partial Regex EncodedWord();

    [GeneratedRegex("""\?=\s+(=\?utf-8\?)""", RegexOptions.IgnoreCase)]
    private static partial Regex EncodedWordGap();

    [GeneratedRegex("=([0-9A-Fa-f]{2})")]
    private static partial Regex QuotedByte();

    [GeneratedRegex("""\s+""")]
    private static partial Regex Spaces();
}
