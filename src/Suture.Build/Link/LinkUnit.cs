using Suture.Build.Match;
using Suture.Diff;
using Suture.Diff.Model;

namespace Suture.Build.Link;

/// <summary>One translation unit on its way into the livepatch.</summary>
/// <param name="Source">Source path in the tree, for messages.</param>
/// <param name="Diff">What changed in it.</param>
/// <param name="Match">How it relates to the code that runs.</param>
/// <param name="Image">The object (vmlinux or module) that it is part of.</param>
public sealed record LinkUnit(string Source, DiffResult Diff, UnitMatch Match, ITargetImage Image)
{
    /// <summary>"vmlinux" or a module name.</summary>
    public string Owner => Image.Object;

    /// <summary>Further modules that have this unit's code.</summary>
    public IReadOnlyList<string> OtherOwners { get; init; } = [];
}

/// <summary>One function that the livepatch replaces or brings along.</summary>
/// <param name="Object">"vmlinux" or a module name.</param>
/// <param name="Name">Symbol name.</param>
/// <param name="SymPos">Position among the symbols of that name, 0 when unique or new.</param>
/// <param name="Change">Changed or new.</param>
/// <param name="Match">How the original compares with the code that runs; identical for new ones, which replace nothing.</param>
public sealed record LivepatchFunction(string Object, string Name, int SymPos, Change Change, MatchState Match);
