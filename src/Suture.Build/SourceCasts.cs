using System.Text;
using System.Text.RegularExpressions;
using Suture.Build.Patches;
using Suture.Diff.Findings;

namespace Suture.Build;

/// <summary>
/// Objects do not tell of casts. Where the diff engine finds that a struct lives on the stack only (SUT0503), the source is asked
/// whether some other memory is taken for one.
/// </summary>
internal sealed class SourceCasts(IReadOnlyList<PatchedFile> files)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    /// <summary>The finding, or the refusal that takes its place when the source has such a cast.</summary>
    public Finding Reconsider(Finding finding)
    {
        if (finding is not { Code: "SUT0503", Symbol: { } type } || files.FirstOrDefault(f => f.Path == finding.File) is not { } file)
        {
            return finding;
        }
        // A cast, the type as an argument between others (container_of() and its like), room for one that is asked for, a pointer that does not get
        // the address of a variable.
        var name = Regex.Escape(type).Replace("\\ ", @"\s+", StringComparison.Ordinal);
        var cast = new Regex($@"\(\s*(const\s+|volatile\s+)*{name}\s*\*[\s*]*\)|,\s*{name}\s*,|alloc\w*\s*\([^;{{}}]*sizeof\s*\(\s*{name}\s*\)|{name}\s*\*\s*\w+\s*=(?!\s*(?:&|NULL\b))", RegexOptions.CultureInvariant, Bound);
        foreach (var text in (byte[][])[file.Patched, file.Original])
        {
            var source = Encoding.UTF8.GetString(text);
            if (cast.Match(source) is { Success: true } found)
            {
                var line = 1 + source.AsSpan(0, found.Index).Count('\n');
                return BuildFindings.CastToPrivate(finding.File!, line, type, Regex.Replace(found.Value, @"\s+", " ", RegexOptions.None, Bound).Trim(',', ' '));
            }
        }
        return finding;
    }
}
