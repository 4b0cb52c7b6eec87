using System.Text;
using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>The smallest part that a difference is given in: a commit, or, where there are none, what differs in one file.</summary>
/// <param name="Id">Commit, or path of the file.</param>
/// <param name="Title">Subject of the commit, or the path.</param>
/// <param name="Patch">As a unified diff, with the commit's words before it where there are any.</param>
/// <param name="Files">Files it changes, relative to the tree.</param>
/// <param name="Cves">CVE identifiers that its own words name.</param>
public sealed partial record Change(string Id, string Title, byte[] Patch, IReadOnlyList<string> Files, IReadOnlyList<string> Cves)
{
    private readonly Lazy<IReadOnlyList<string>> _added = new(() =>
        [.. Encoding.Latin1.GetString(Patch).Split('\n').Where(l => l.StartsWith('+') && !l.StartsWith("+++", StringComparison.Ordinal)).Select(l => l[1..])]);

    /// <summary>Whether it changes nothing but headers.</summary>
    public bool IsHeader => Files.All(f => f.EndsWith(".h", StringComparison.Ordinal));

    /// <summary>Whether an added line has <paramref name="name"/> as a word.</summary>
    public bool Adds(string name) => _added.Value.Any(l => Words(l).Contains(name));

    /// <summary>Whether an added line includes a header of that name.</summary>
    public bool AddsInclude(string fileName) => _added.Value.Any(l => l.StartsWith("#include", StringComparison.Ordinal) && l.Contains(fileName, StringComparison.Ordinal));

    /// <summary>Whether an added line looks like the definition of function <paramref name="name"/>: at the left edge, with its parameters.</summary>
    public bool Defines(string name) => _added.Value.Any(l =>
        l.Length > 0 && (char.IsLetter(l[0]) || l[0] == '_') && l.Contains(name + "(", StringComparison.Ordinal) && !l.TrimEnd().EndsWith(';') && Words(l).Contains(name));

    private static IEnumerable<string> Words(string line) => Word().Matches(line).Select(m => m.Value);

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Word();
}
