using Suture.Kernel;

namespace Suture.Build.Compile;

/// <summary>Where units are compiled: what the planner and the compiler need to know of a kernel.</summary>
/// <param name="Tree">The prepared source tree; shared with other builds and never written to.</param>
/// <param name="WorkDirectory">A directory of this kernel's own, for what later builds can use again.</param>
/// <param name="Units">The compile database.</param>
public sealed record SourceSite(string Tree, string WorkDirectory, IReadOnlyList<CompileUnit> Units)
{
    /// <summary>Directory of the tree, with '/' at its end, that paths in patches start from; empty for the tree itself.</summary>
    public string PatchRoot { get; init; } = "";
}
