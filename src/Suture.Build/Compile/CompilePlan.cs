using Suture.Kernel;

using Suture.Build.Patches;

namespace Suture.Build.Compile;

/// <summary>Why a unit is looked at.</summary>
public enum UnitReason
{
    /// <summary>Its source file changes.</summary>
    Source,

    /// <summary>It includes a header or source file that changes; it may turn out not to use what changed.</summary>
    Includes,
}

/// <summary>A unit that the patch concerns.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Reason">Why.</param>
public sealed record PlannedUnit(CompileUnit Unit, UnitReason Reason)
{
    /// <summary>Whether a change that it sees may be one of a type that more than one function shares.</summary>
    public bool MaySeeOtherTypes { get; init; }
}

/// <summary>What a patch means for a kernel's source: changed files and the units they concern; or why it does not apply.</summary>
/// <param name="Site">Where to compile.</param>
/// <param name="Application">What came of applying the patches; look at its Failures first.</param>
/// <param name="Units">Units concerned, in the order of the compile database.</param>
/// <param name="Unsupported">Parts of the patches that a live patch cannot carry.</param>
public sealed record CompilePlan(
    SourceSite Site,
    PatchApplication Application,
    IReadOnlyList<PlannedUnit> Units,
    IReadOnlyList<UnsupportedChange> Unsupported)
{
    /// <summary>Changed files of whose change assembly may see something, by path, each with the assembly sources; see <see cref="AssemblyConsumers"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> SeenByAssembly { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}
