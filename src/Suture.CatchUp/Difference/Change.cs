using System.Text;
using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>The smallest part that a difference is given in: a commit, or, where there are none, a part of what differs in one file.</summary>
/// <param name="Id">Commit, path of the file, or path#name after the first thing that a part of the file changes.</param>
/// <param name="Title">Subject of the commit, or the path and what is changed there.</param>
/// <param name="Patch">As a unified diff, with the commit's words before it where there are any.</param>
/// <param name="Files">Files it changes, relative to the tree.</param>
/// <param name="Cves">CVEs that it fixes, by its own words.</param>
public sealed partial record Change(string Id, string Title, byte[] Patch, IReadOnlyList<string> Files, IReadOnlyList<string> Cves)
{
    private readonly Lazy<IReadOnlyList<string>> _added = new(() =>
        [.. Encoding.Latin1.GetString(Patch).Split('\n').Where(l => l.StartsWith('+') && !l.StartsWith("+++", StringComparison.Ordinal)).Select(l => l[1..])]);

    private readonly Lazy<HashSet<string>> _mentions = new(() =>
        [.. Encoding.Latin1.GetString(Patch).Split('\n').Where(l => l.Length > 0 && l[0] is '+' or '-').SelectMany(l => SourceWords.Of(l[1..]))]);

    /// <summary>Between trees, the hunks it consists of; null for commits.</summary>
    internal IReadOnlyList<DiffHunk>? Hunks { get; init; }

    /// <summary>Whether it is a commit: all that its author meant to go together.</summary>
    internal bool IsCommit => Hunks is null;

    /// <summary>What a commit says of itself and of earlier ones.</summary>
    internal CommitWords Commit { get; init; } = CommitWords.None;

    /// <summary>CVEs that a commit's words name without saying that it fixes them.</summary>
    internal IReadOnlyList<string> OtherCves { get; init; } = [];

    /// <summary>Between trees, what it changes at file scope; empty for commits.</summary>
    internal IReadOnlyList<SourceItem> Items { get; init; } = [];

    /// <summary>What a commit changes in files, as far as its patch tells; empty between trees.</summary>
    internal IReadOnlyList<CommitItem> Touched { get; init; } = [];

    /// <summary>Between trees, what it changes about data that others may use; nothing for commits, whose authors saw to that.</summary>
    internal DataUses Data { get; init; } = DataUses.None;

    /// <summary>The one file that a change between trees is about.</summary>
    internal string Path => Files[0];

    /// <summary>Whether it changes nothing but headers.</summary>
    public bool IsHeader => Files.All(f => f.EndsWith(".h", StringComparison.Ordinal));

    /// <summary>Whether an added line has <paramref name="name"/> as a word.</summary>
    public bool Adds(string name) => _added.Value.Any(l => Words(l).Contains(name));

    /// <summary>Whether it may bring <paramref name="name"/> in the form that a compiler missed: an added line has it, or it changes further lines of what is called so.</summary>
    internal bool Brings(string name) => Adds(name) || Items.Any(i => i.Name == name);

    /// <summary>Whether a line of its patch, changed or around what is changed, has <paramref name="name"/> as a word.</summary>
    internal bool Shows(string name) => Encoding.Latin1.GetString(Patch).Split('\n').Any(l => Words(l).Contains(name));

    /// <summary>Functions whose value an added line takes.</summary>
    internal IEnumerable<string> ValuesTaken => _added.Value.SelectMany(l => ValueTaken().Matches(l)).Select(m => m.Groups[1].Value);

    /// <summary>Whether a line that comes or goes has <paramref name="name"/> as a word, outside of comments.</summary>
    internal bool Mentions(string name) => _mentions.Value.Contains(name);

    /// <summary>Whether an added line includes a header of that name.</summary>
    public bool AddsInclude(string fileName) => _added.Value.Any(l => l.StartsWith("#include", StringComparison.Ordinal) && l.Contains(fileName, StringComparison.Ordinal));

    /// <summary>Whether an added line looks like the definition of function <paramref name="name"/>: at the left edge, with its parameters.</summary>
    public bool Defines(string name) => _added.Value.Any(l =>
        l.Length > 0 && (char.IsLetter(l[0]) || l[0] == '_') && l.Contains(name + "(", StringComparison.Ordinal) && !l.TrimEnd().EndsWith(';') && Words(l).Contains(name));

    private static IEnumerable<string> Words(string line) => Word().Matches(line).Select(m => m.Value);

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Word();

    [GeneratedRegex(@"=\s*([A-Za-z_]\w*)\(")]
    private static partial Regex ValueTaken();
}
