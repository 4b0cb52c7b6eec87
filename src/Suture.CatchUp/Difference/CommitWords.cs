using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>What a commit's words say of commits, as the kernel's and its stable trees' maintainers write it.</summary>
/// <param name="Names">What it is called: in its own tree and, where it was taken over from there, upstream or in the tree it was picked from (git-cherry-pick(1) -x).</param>
/// <param name="Fixes">Commits that it fixes.</param>
internal sealed partial record CommitWords(IReadOnlyList<string> Names, IReadOnlyList<string> Fixes)
{
    private const int MostCharacters = 64 << 10;
    private const int MostIds = 64;

    /// <summary>Of a change that has no words.</summary>
    public static CommitWords None { get; } = new([], []);

    /// <summary>Commits that it takes back.</summary>
    public IReadOnlyList<string> Reverts { get; init; } = [];

    /// <summary>Commits that a stable tree took it over for: they rest on it.</summary>
    public IReadOnlyList<string> NeededBy { get; init; } = [];

    /// <summary>Commits that it fixes or takes back.</summary>
    public IEnumerable<string> Mends => Reverts.Concat(Fixes);

    /// <summary>What stands in a mail before its diff, to a bound.</summary>
    public static string Of(string mail)
    {
        var words = mail[..Math.Min(mail.Length, MostCharacters)];
        return End().Match(words) is { Success: true } end ? words[..end.Index] : words;
    }

    /// <summary>Reads what stands in a mail before its diff.</summary>
    public static CommitWords Read(string mail)
    {
        var words = Of(mail);
        // A revert tells the upstream name of what it takes back in the words that others tell their own in.
        var rest = Revert().Replace(words, "");
        return new(Ids(Own().Matches(rest)), Ids(FixesTag().Matches(rest))) { Reverts = Ids(Revert().Matches(words)), NeededBy = Ids(StableDependency().Matches(rest)) };
    }

    /// <summary>Whether <paramref name="ids"/> name it. Names are shortened as their writers like.</summary>
    public bool IsOneOf(IEnumerable<string> ids) =>
        ids.Any(i => Names.Any(n => i.StartsWith(n, StringComparison.Ordinal) || n.StartsWith(i, StringComparison.Ordinal)));

    private static List<string> Ids(MatchCollection matches) =>
        [.. matches.SelectMany(m => m.Groups.Values.Skip(1).Where(g => g.Success)).Select(g => g.Value.ToLowerInvariant()).Distinct().Take(MostIds)];

    [GeneratedRegex(@"^(?:---\r?$|diff --git |--- (?:a/|/dev/null))", RegexOptions.Multiline)]
    private static partial Regex End();

    [GeneratedRegex(@"^(?:From (?!0+ )([0-9a-f]{8,64}) |\s*commit ([0-9a-f]{8,64}) upstream|\s*\[ ?Upstream commit ([0-9a-f]{8,64}) ?\]|\s*\((?:cherry picked|backported) from commit ([0-9a-f]{8,64})\b)", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Own();

    [GeneratedRegex(@"This reverts commit\s+([0-9a-f]{8,64})\b(?:,?\s+which is\s+(?:upstream\s+)?commit\s+([0-9a-f]{8,64}))?(?:\s+upstream)?", RegexOptions.IgnoreCase)]
    private static partial Regex Revert();

    [GeneratedRegex(@"^\s*Fixes:\s*(?:commit\s+)?([0-9a-f]{8,64})\b", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex FixesTag();

    [GeneratedRegex(@"^\s*Stable-dep-of:\s*(?:commit\s+)?([0-9a-f]{8,64})\b", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex StableDependency();
}
