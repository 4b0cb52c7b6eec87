using System.Text.RegularExpressions;

namespace Suture.Build.Compile;

/// <summary>
/// Tells by how a tool ended whether the machine is to blame: it had no room, memory or processes left, or the tool was ended from outside. That says nothing about what the tool
/// was given, and must not be taken for its answer.
/// </summary>
internal static partial class MachineFault
{
    /// <summary>Signals (signal(7), x86) that come from outside, or when a file that is written through memory has no room: SIGBUS, SIGKILL, SIGTERM, SIGXCPU, SIGXFSZ.</summary>
    private static readonly int[] Signals = [7, 9, 15, 24, 25];

    private static readonly string[] Words =
    [
        // strerror(3): ENOSPC, EDQUOT, EFBIG, EIO, EROFS, ENOMEM, EAGAIN, EMFILE and ENFILE.
        "No space left on device", "Disk quota exceeded", "File too large", "Input/output error", "Read-only file system", "Cannot allocate memory", "Resource temporarily unavailable",
        "Too many open files",
        // gcc and binutils; libelf, which objtool writes with.
        "out of memory", "virtual memory exhausted", "cannot write data to file",
        // What gcc writes when one of its parts did not end by itself.
        "Killed signal terminated program", "Terminated signal terminated program", "Bus error signal terminated program",
    ];

    /// <summary>The cause in the tool's own words, one line; null when the tool's answer is about what it was given.</summary>
    /// <param name="exitCode">Its exit code; 128 and more for a signal.</param>
    /// <param name="errors">What it wrote to standard error, in the C locale.</param>
    public static string? Of(int exitCode, string errors) =>
        exitCode == 0 ? null
        : Signals.Contains(exitCode - 128) ? $"ended by signal {exitCode - 128}"
        : errors.Split('\n').FirstOrDefault(l => Words.Any(w => l.Contains(w, StringComparison.OrdinalIgnoreCase)) && !IsAboutSource().IsMatch(l))?.Trim();

    // A diagnostic of a line, or the line itself that gcc shows below it: both may quote a source that speaks of memory. What is fatal quotes nothing.
    [GeneratedRegex(@"^[^\n]*:\d+(?::\d+)?: (?:error|warning|note): |^\s*\d*\s*\|", RegexOptions.IgnoreCase)]
    private static partial Regex IsAboutSource();
}
