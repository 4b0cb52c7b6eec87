using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Suture.Campaigns.Coverage;

/// <summary>The difference of one file between two trees, as diff writes it.</summary>
/// <param name="Path">The file, relative to the tree.</param>
/// <param name="Text">A unified diff.</param>
internal sealed partial record SourcePatch(string Path, byte[] Text)
{
    private readonly Lazy<IReadOnlyList<string>> _added = new(() =>
        [.. Encoding.Latin1.GetString(Text).Split('\n').Where(l => l.StartsWith('+') && !l.StartsWith("+++", StringComparison.Ordinal)).Select(l => l[1..])]);

    /// <summary>Makes it.</summary>
    public static async Task<SourcePatch> OfAsync(ChangedFiles files, string path, CancellationToken cancellation)
    {
        var isNew = files.IsNew(path);
        string[] arguments =
        [
            "-u", "--label", isNew ? "/dev/null" : "a/" + path, "--label", "b/" + path,
            isNew ? "/dev/null" : System.IO.Path.Combine(files.OldTree, path), System.IO.Path.Combine(files.NewTree, path),
        ];
        using var process = Process.Start(new ProcessStartInfo("diff", arguments) { RedirectStandardOutput = true })!;
        using var text = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(text, cancellation);
        await process.WaitForExitAsync(cancellation);
        // 1: they differ.
        return process.ExitCode == 1
            ? new SourcePatch(path, text.ToArray())
            : throw new IOException($"diff {path} ends with {process.ExitCode}");
    }

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
