using Suture.Build.Trees;

namespace Suture.Build.Compile;

/// <summary>How units are compiled.</summary>
public sealed record CompileOptions
{
    /// <summary>Compiler options for both sides.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>
    /// Whether units that may see other types are compiled with type information, on both sides. It costs time; and that it depends on what a unit sees, not on the rest of the patch, lets
    /// builds with some of the same changes share its objects.
    /// </summary>
    public bool WithTypes { get; init; }

    /// <summary>Whether no original is compiled while some patched source does not compile: a source that is broken unpatched too is then taken for the patch's fault.</summary>
    public bool PatchedFirst { get; init; }

    /// <summary>With <see cref="PatchedFirst"/>: paths of units that are tried before the others that include what changes; see <see cref="LikelyBreaks"/>.</summary>
    public IReadOnlySet<string> TriedFirst { get; init; } = new HashSet<string>();

    /// <summary>Whether the errors of patched sources are told with the lines of the patch; that takes another run of the compiler. Else with the file alone.</summary>
    public bool Explain { get; init; } = true;

    /// <summary>Which patched objects are kept in the kernel's work directory for builds with some of the same changes.</summary>
    public KeptObjects Keep { get; init; }

    /// <summary>Where the shadow is taken from, when it is of the same tree; null to make one for this build alone.</summary>
    public ShadowPool? Shadows { get; init; }
}

/// <summary>Patched objects that are kept for further builds.</summary>
public enum KeptObjects
{
    /// <summary>None.</summary>
    None,
    /// <summary>Those of units that include a changed header: other changes need the same header.</summary>
    Includers,
    /// <summary>All.</summary>
    All,
}
