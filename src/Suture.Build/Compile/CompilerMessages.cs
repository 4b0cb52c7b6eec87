using System.Globalization;
using System.Text.RegularExpressions;
using Suture.Build.Patches;

namespace Suture.Build.Compile;

/// <summary>Reads the messages of gcc and of the assembler (which writes Error and Warning) and finds the patch's line for each.</summary>
internal static partial class CompilerMessages
{
    private const int Most = 1_000;

    /// <param name="errors">What gcc wrote, with line numbers of the patched files (compiled without #line directives).</param>
    /// <param name="files">The patched files.</param>
    public static IReadOnlyList<CompilerMessage> Read(string errors, IReadOnlyList<PatchedFile> files)
    {
        var byPath = files.ToDictionary(f => f.Path);
        return [.. Message().Matches(errors).Take(Most).Select(match =>
        {
            var file = match.Groups["file"].Value;
            var line = Number(match.Groups["line"].Value);
            var path = file.StartsWith("./", StringComparison.Ordinal) ? file[2..] : file;
            var place = byPath.TryGetValue(path, out var patched) ? patched.PatchLineOf(line) : null;
            return new CompilerMessage(path, line, Number(match.Groups["column"].Value), match.Groups["severity"].Value.ToLowerInvariant(),
                match.Groups["message"].Value, place?.Patch, place?.Line ?? 0);
        })];
    }

    private static int Number(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(@"^(?<file>[^:\n]+):(?<line>\d+):(?:(?<column>\d+):)? (?<severity>(?i:fatal error|error|warning|note)): (?<message>.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant, 5_000)]
    private static partial Regex Message();
}
