using Suture.Diff.Findings;

namespace Suture.CatchUp.Judging;

/// <summary>What becomes of a unit.</summary>
public enum UnitState
{
    /// <summary>It is in the livepatch.</summary>
    Carried,
    /// <summary>It cannot, or without a human's word must not, be patched live.</summary>
    Refused,
    /// <summary>It is good on its own, and not together with the others.</summary>
    LeftOut,
    /// <summary>It changes only what runs when the kernel boots or a module loads.</summary>
    BootOnly,
    /// <summary>It changes no code of this kernel: another configuration, or only words.</summary>
    NotBuilt,
    /// <summary>It needs a unit that is not carried.</summary>
    WaitsFor,
    /// <summary>The kernel that runs has it: nothing is to be carried, and who needs it is served.</summary>
    AlreadyThere,
}

/// <summary>What one unit is and what became of it.</summary>
public sealed record UnitVerdict
{
    /// <summary>The change it was made for: commit, or path.</summary>
    public required string Id { get; init; }

    /// <summary>Subject of the commit, or the path.</summary>
    public required string Title { get; init; }

    /// <summary>Ids of all its changes, in the order in which they apply; its own among them.</summary>
    public required IReadOnlyList<string> Changes { get; init; }

    /// <summary>Files it changes.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>What became of it.</summary>
    public required UnitState State { get; init; }

    /// <summary>Why, in one line; empty for what is carried.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Code of the finding that decided; null when none did.</summary>
    public string? Code { get; init; }

    /// <summary>For <see cref="UnitState.WaitsFor"/>: the unit it needs.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>Whether it waits for that because both change what is done with the same data.</summary>
    public bool SharesData { get; init; }

    /// <summary>The operator's reason, where a finding was accepted.</summary>
    public string? Accepted { get; init; }

    /// <summary>How the lines begin with which the operator would accept it.</summary>
    public IReadOnlyList<string> AcceptAs { get; init; } = [];

    /// <summary>Functions it replaces or brings along, as object:name for those of modules.</summary>
    public IReadOnlyList<string> Functions { get; init; } = [];

    /// <summary>What the build said.</summary>
    public IReadOnlyList<Finding> Findings { get; init; } = [];

    /// <summary>CVEs that it fixes.</summary>
    public IReadOnlyList<string> Cves { get; init; } = [];

    /// <summary>Whether a later commit takes it back, or it is that later commit.</summary>
    public bool IsUndone { get; init; }

    /// <summary>Whether it concerns code that this kernel is built from, and is not there yet.</summary>
    public bool ConcernsBuiltCode => State is not (UnitState.NotBuilt or UnitState.AlreadyThere);
}
