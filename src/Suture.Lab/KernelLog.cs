using System.Text.RegularExpressions;
using Suture.Host.Health;
using Suture.Lab.Machine;

namespace Suture.Lab;

/// <summary>
/// The lines of a kernel's log that speak against a livepatch.
/// </summary>
public static partial class KernelLog
{
    private const int MaxFindings = 200;

    /// <summary>Lines from a warning's headline to its call trace, registers and code between them.</summary>
    private const int ReportLines = 60;

    /// <summary>Lines that speak against the livepatch, in their order, at most 200.</summary>
    /// <param name="log">What was logged.</param>
    /// <param name="unpatched">What the same kernel logged without the livepatch: a line that is there too is not the livepatch's fault.</param>
    public static IReadOnlyList<LogFinding> Findings(string log, string unpatched = "")
    {
        var known = Harm(unpatched).Where(h => !IsPartOfReport(h.Text)).Select(h => Timeless(h.Text)).ToHashSet(StringComparer.Ordinal);
        var findings = new List<LogFinding>();
        // Nothing can be told of a report's first and last line: they go with the headline between them.
        LogFinding? opening = null;
        var excusedAt = -ReportLines;
        foreach (var (kind, text, number) in Harm(log))
        {
            var finding = new LogFinding(kind, text);
            if (Opening().IsMatch(text))
            {
                Add(opening);
                opening = finding;
                continue;
            }
            var isEnd = IsPartOfReport(text);
            var excused = isEnd ? number - excusedAt < ReportLines : kind != NotRead && known.Contains(Timeless(text));
            if (!excused)
            {
                Add(opening);
                Add(finding);
            }
            excusedAt = excused && !isEnd ? number : -ReportLines;
            opening = null;
        }
        Add(opening);
        return findings;

        void Add(LogFinding? finding)
        {
            if (finding is not null && findings.Count < MaxFindings)
            {
                findings.Add(finding);
            }
        }
    }

    /// <summary>What was not kept cannot be called clean.</summary>
    private const string NotRead = "not read";

    private static IEnumerable<(string Kind, string Text, int Number)> Harm(string log)
    {
        var number = 0;
        foreach (var raw in log.Split('\n'))
        {
            number++;
            var line = raw.TrimEnd();
            var lost = line.StartsWith(ConsoleLog.LeftOut, StringComparison.Ordinal)
                || (line.StartsWith("** ", StringComparison.Ordinal) && line.Contains(" printk messages dropped", StringComparison.Ordinal));
            if ((lost ? NotRead : KernelHarm.KindOf(line)) is { } kind)
            {
                yield return (kind, line, number);
            }
        }
    }

    private static bool IsPartOfReport(string text) => Opening().IsMatch(text) || text.EndsWith("Call Trace:", StringComparison.Ordinal);

    /// <summary>A line without what differs each time it is logged: time, processor, process.</summary>
    private static string Timeless(string line) => Moment().Replace(line, "");

    [GeneratedRegex(@"-+\[ cut here \]-+$")]
    private static partial Regex Opening();

    [GeneratedRegex(@"^\[\s*\d+\.\d+\](\[\s*[TC]\d+\])?\s?|\bCPU[:#] ?\d+|\bPID: \d+")]
    private static partial Regex Moment();
}
