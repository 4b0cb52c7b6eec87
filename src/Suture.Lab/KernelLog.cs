using Suture.Host.Health;
using Suture.Lab.Machine;

namespace Suture.Lab;

/// <summary>
/// The lines of a kernel's log that speak against a livepatch.
/// </summary>
public static class KernelLog
{
    private const int MaxFindings = 200;

    /// <summary>Lines that speak against the livepatch, in their order, at most 200.</summary>
    public static IReadOnlyList<LogFinding> Findings(string log)
    {
        var findings = new List<LogFinding>();
        foreach (var raw in log.AsSpan().EnumerateLines())
        {
            var line = raw.TrimEnd().ToString();
            // What was not kept cannot be called clean.
            if ((line.StartsWith(ConsoleLog.LeftOut, StringComparison.Ordinal) || (line.StartsWith("** ", StringComparison.Ordinal) && line.Contains(" printk messages dropped", StringComparison.Ordinal)) ? "not read" : KernelHarm.KindOf(line)) is { } kind)
            {
                findings.Add(new LogFinding(kind, line));
                if (findings.Count == MaxFindings)
                {
                    break;
                }
            }
        }
        return findings;
    }
}
