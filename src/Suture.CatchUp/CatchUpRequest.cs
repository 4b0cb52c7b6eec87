using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Kernel;
using Suture.Module;

namespace Suture.CatchUp;

/// <summary>What to catch up with, and where to.</summary>
public sealed record CatchUpRequest
{
    /// <summary>The kernel that runs.</summary>
    public required KernelBuild Kernel { get; init; }

    /// <summary>What differs.</summary>
    public required SourceDifference Difference { get; init; }

    /// <summary>Only changes to files whose path begins with one of these; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>
    /// What the fixes are counted of, as a note can hold it: the later source, and where not all of it was looked at, which part. What is too long loses its middle: a range has
    /// something to say at both ends.
    /// </summary>
    public string Scope
    {
        get
        {
            const string inPart = " in part";
            var part = $"{Difference.To} in {string.Join(", ", Only)}";
            return Only.Count == 0 ? Short(Difference.To, NoteRules.MaxEffective)
                : NoteRules.IsPrintable(part, NoteRules.MaxEffective) ? part : Short(Difference.To, NoteRules.MaxEffective - inPart.Length) + inPart;
        }
    }

    private static string Short(string text, int most)
    {
        var runes = text.EnumerateRunes().Select(r => r.ToString()).Select(r => NoteRules.IsPrintable(r, r.Length) ? r : "?").ToList();
        var (before, after) = (Math.Min(runes.Count / 2, most), Math.Max(runes.Count / 2, runes.Count - most));
        var cut = string.Concat(runes);
        while (cut.Length > most)
        {
            cut = $"{string.Concat(runes.Take(--before))}…{string.Concat(runes.Skip(++after))}";
        }
        return cut.Length > 0 ? cut : "?";
    }

    /// <summary>Findings that the operator takes responsibility for.</summary>
    public AcceptFile Accepted { get; init; } = AcceptFile.Empty;

    /// <summary>Name of the livepatch; the module is called suture_NAME.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the livepatch.</summary>
    public string Version { get; init; } = "1";
}
