using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Suture.Diff.Findings;
using Suture.Kernel;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Findings that the operator takes responsibility for. A line is UNIT CODE REASON: the unit's id (commit; path, for all parts of the file; or path#name; '*' at the end for all
/// that begin so), the code of a warning, and why it is safe here, which goes into the report. '#' begins a comment.
/// </summary>
public sealed partial class AcceptFile
{
    /// <summary>Nothing is accepted.</summary>
    public static AcceptFile Empty { get; } = new([]);

    private readonly IReadOnlyList<(string Unit, string Code, string Reason)> _lines;
    private readonly ConcurrentDictionary<int, bool> _used = [];

    private AcceptFile(IReadOnlyList<(string, string, string)> lines) => _lines = lines;

    /// <summary>Reads one.</summary>
    /// <exception cref="KernelException">A line of it is no acceptance.</exception>
    public static AcceptFile Read(string path)
    {
        var lines = new List<(string, string, string)>();
        foreach (var (line, number) in File.ReadLines(path).Select((l, i) => (l.Trim(), i + 1)))
        {
            if (line.Length == 0 || line.StartsWith('#'))
            {
                continue;
            }
            if (Acceptance().Match(line) is not { Success: true } match)
            {
                throw new KernelException($"{path}:{number}: '{line}' accepts nothing", "write: UNIT CODE REASON, as in: fs/ext4/inode.c SUT0801 lock order checked against mballoc.c", KernelFault.Broken);
            }
            lines.Add((match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value));
        }
        return new AcceptFile(lines);
    }

    /// <summary>Lines that accepted nothing so far, as UNIT CODE: the unit has another name now, or nothing is said against it any more.</summary>
    public IReadOnlyList<string> Unused => [.. _lines.Where((_, i) => !_used.ContainsKey(i)).Select(l => $"{l.Unit} {l.Code}")];

    /// <summary>The operator's reason for accepting <paramref name="finding"/> of a unit; null when it is not accepted.</summary>
    public string? ReasonFor(string unit, Finding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        for (var i = 0; i < _lines.Count; i++)
        {
            var (of, code, reason) = _lines[i];
            if (code == finding.Code && (of.EndsWith('*') ? unit.StartsWith(of[..^1], StringComparison.Ordinal) : of == unit || of == unit.Split('#')[0]))
            {
                _used[i] = true;
                return reason;
            }
        }
        return null;
    }

    [GeneratedRegex(@"^(\S+)\s+(SUT[0-9]{4})\s+(\S.*)$")]
    private static partial Regex Acceptance();
}
