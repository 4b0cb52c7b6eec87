using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>Entries of the changelog that others take back, by the titles that git gives a revert and a revert of one.</summary>
internal static partial class LogReverts
{
    /// <summary>Tells of a title whether the later kernel has what it names no more.</summary>
    public static Func<string, bool> Among(IEnumerable<LogEntry> log)
    {
        var entries = log.CountBy(e => Bare(e.Title), StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        // A revert may have been taken back itself.
        int Standing(string title) => Revert(title) is var revert && entries.TryGetValue(revert, out var number) ? number - Standing(revert) - entries.GetValueOrDefault($"Reapply \"{title}\"") : 0;
        return title => Standing(Bare(title)) > 0;
    }

    private static string Revert(string title) => $"Revert \"{title}\"";

    /// <summary>Without the architectures that Debian puts before it.</summary>
    private static string Bare(string title) => Tags().Replace(title, "").Trim();

    [GeneratedRegex(@"^(?:\[[^\]]*\]\s*)+")]
    private static partial Regex Tags();
}
