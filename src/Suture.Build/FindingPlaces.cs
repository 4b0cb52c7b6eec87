using System.Text;
using System.Text.RegularExpressions;
using Suture.Build.Patches;
using Suture.Diff.Findings;

namespace Suture.Build;

/// <summary>
/// Finds the source line that a finding is about. The diff engine knows symbols, not lines: the definition is
/// looked up in the patched text, else the first changed line of the file is named.
/// </summary>
internal sealed class FindingPlaces(IReadOnlyList<PatchedFile> files)
{
    public static FindingPlaces Empty { get; } = new([]);

    public Finding Locate(Finding finding, string source)
    {
        if (finding.Line > 0)
        {
            return finding;
        }
        source = finding.File ?? source;
        var changed = files.FirstOrDefault(f => f.Path == source);
        if (changed is null)
        {
            return finding with { File = source };
        }
        var line = finding.Symbol is { } symbol ? DefinitionLine(changed.Patched, symbol) : 0;
        return finding with { File = source, Line = line > 0 ? line : changed.Regions.Select(r => r.PatchedStart).FirstOrDefault() };
    }

    /// <summary>Line of what looks like the definition of <paramref name="symbol"/>: named at file scope, before '(' , '[' or '='.</summary>
    private static int DefinitionLine(byte[] text, string symbol)
    {
        var name = symbol.Split('.')[0];
        var definition = new Regex($@"^(?![#*/ ]).*\b{Regex.Escape(name)}\s*(\(|\[|=|;)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        var local = new Regex($@"\bstatic\b.*\b{Regex.Escape(name)}\s*(\[|=|;)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        var lines = Encoding.UTF8.GetString(text).Split('\n');
        var found = Array.FindIndex(lines, l => !l.TrimEnd().EndsWith(");", StringComparison.Ordinal) && l.Length < 400 && definition.IsMatch(l));
        return 1 + (found >= 0 ? found : Array.FindIndex(lines, l => l.Length < 400 && local.IsMatch(l)));
    }
}
