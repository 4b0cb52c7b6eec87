using System.Text.RegularExpressions;
using Suture.Build.Patches;

namespace Suture.CatchUp.Difference;

/// <summary>
/// CVEs that a commit's words name. Its own stand in the subject, behind a trailer's colon, or alone on a line; a sentence may as well speak of another's. A revert
/// fixes none.
/// </summary>
/// <param name="Own">Those that it fixes, in upper case.</param>
/// <param name="Others">All others that it names.</param>
internal sealed partial record CommitCves(IReadOnlyList<string> Own, IReadOnlyList<string> Others)
{
    /// <summary>Reads them.</summary>
    /// <param name="subject">The commit's subject.</param>
    /// <param name="words">All its words, the subject among them.</param>
    /// <param name="isRevert">Whether it takes others back.</param>
    public static CommitCves Read(string subject, string words, bool isRevert)
    {
        var lines = words.Split('\n').Select(l => l.TrimEnd('\r'));
        var own = isRevert ? [] : PatchHeader.CvesIn(subject).Concat(lines.Where(l => Trailer().IsMatch(l) || Alone().IsMatch(l)).SelectMany(PatchHeader.CvesIn)).Distinct().ToList();
        return new(own, [.. PatchHeader.CvesIn(words).Concat(PatchHeader.CvesIn(subject)).Distinct().Except(own)]);
    }

    // Nothing but identifiers: what quotes the title of another commit, or says a sentence, names others too.
    [GeneratedRegex(@"^[A-Za-z][\w-]*:\s*(?:CVE-[0-9]+-[0-9]+[\s,;]*)+$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Trailer();

    [GeneratedRegex(@"^\W*(?:CVE-[0-9]+-[0-9]+\W*)+$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Alone();
}
