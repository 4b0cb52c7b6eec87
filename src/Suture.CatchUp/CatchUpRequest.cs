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

    /// <summary>What the fixes are counted of, as a note can hold it: the later source, and where not all of it was looked at, which part.</summary>
    public string Scope
    {
        get
        {
            var part = $"{Difference.To} in {string.Join(", ", Only)}";
            return Only.Count == 0 ? Difference.To : NoteRules.IsPrintable(part, NoteRules.MaxEffective) ? part : $"{Difference.To} in part";
        }
    }

    /// <summary>Findings that the operator takes responsibility for.</summary>
    public AcceptFile Accepted { get; init; } = AcceptFile.Empty;

    /// <summary>Name of the livepatch; the module is called suture_NAME.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the livepatch.</summary>
    public string Version { get; init; } = "1";
}
