using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;
using Suture.Diff.Findings;
using Suture.Kernel;

namespace Suture.CatchUp.Judging;

/// <summary>
/// Findings that the operator takes responsibility for. A line is UNIT CODE REASON: the unit's id (commit; path, for all parts of the file; or path#name; '*' at the end for all
/// that begin so), the code of a warning, and why it is safe here, which goes into the report. '#' begins a comment. CODE:DIGEST, as the report gives it, holds for what was looked at
/// alone; a code without holds for whatever the unit becomes.
/// </summary>
public sealed partial class AcceptFile
{
    private const int DigestDigits = 12;

    /// <summary>Nothing is accepted.</summary>
    public static AcceptFile Empty { get; } = new([]);

    private readonly IReadOnlyList<(string Unit, string Code, string Digest, string Reason)> _lines;
    private readonly ConcurrentDictionary<int, bool> _used = [];

    private AcceptFile(IReadOnlyList<(string, string, string, string)> lines) => _lines = lines;

    /// <summary>Reads one.</summary>
    /// <exception cref="KernelException">A line of it is no acceptance.</exception>
    public static AcceptFile Read(string path)
    {
        var lines = new List<(string, string, string, string)>();
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
            lines.Add((match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value, match.Groups[4].Value));
        }
        return new AcceptFile(lines);
    }

    /// <summary>Lines that accepted nothing so far, as UNIT CODE: the unit has another name now or is another change, or nothing is said against it any more.</summary>
    public IReadOnlyList<string> Unused => [.. _lines.Where((_, i) => !_used.ContainsKey(i)).Select(l => $"{l.Unit} {l.Code}{(l.Digest.Length > 0 ? $":{l.Digest}" : "")}")];

    /// <summary>The operator's reason for accepting <paramref name="finding"/> of a unit; null when it is not accepted.</summary>
    public string? ReasonFor(Change unit, Finding finding)
    {
        ArgumentNullException.ThrowIfNull(unit);
        ArgumentNullException.ThrowIfNull(finding);
        for (var i = 0; i < _lines.Count; i++)
        {
            var (of, code, digest, reason) = _lines[i];
            if (code == finding.Code && (of.EndsWith('*') ? unit.Id.StartsWith(of[..^1], StringComparison.Ordinal) : of == unit.Id || of == unit.Id.Split('#')[0])
                && (digest.Length == 0 || digest == DigestOf(unit, finding)))
            {
                _used[i] = true;
                return reason;
            }
        }
        return null;
    }

    /// <summary>How a line begins that accepts <paramref name="finding"/> of <paramref name="unit"/> and nothing else.</summary>
    public static string LineFor(Change unit, Finding finding)
    {
        ArgumentNullException.ThrowIfNull(unit);
        ArgumentNullException.ThrowIfNull(finding);
        return $"{unit.Id} {finding.Code}:{DigestOf(unit, finding)}";
    }

    /// <summary>Of what an operator looks at: the lines that come and go, and what is said of them.</summary>
    private static string DigestOf(Change unit, Finding finding)
    {
        var changed = Encoding.Latin1.GetString(unit.Patch).Split('\n').Where(l => l.Length > 0 && l[0] is '+' or '-');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [finding.Code, finding.Symbol ?? "", finding.Message, .. changed]))))[..DigestDigits];
    }

    [GeneratedRegex(@"^(\S+)\s+(SUT[0-9]{4})(?::([0-9a-f]{12}))?\s+(\S.*)$")]
    private static partial Regex Acceptance();
}
