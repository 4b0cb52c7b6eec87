using Suture.Build.Compile;
using Suture.Build.Link;
using Suture.Build.Replace;
using Suture.Build.Trees;
using Suture.Diff.Findings;
using Suture.Kernel;
using Suture.Module;
using Suture.Verify;

namespace Suture.Build;

/// <summary>What to build.</summary>
public sealed record BuildRequest
{
    /// <summary>The kernel to patch.</summary>
    public required KernelBuild Kernel { get; init; }

    /// <summary>Patch files in order: name for messages, content.</summary>
    public required IReadOnlyList<(string Name, byte[] Bytes)> Patches { get; init; }

    /// <summary>Name of the livepatch; the module is called suture_NAME.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the livepatch replaces all others when applied (cumulative patches, klp_patch.replace).</summary>
    public bool Replace { get; init; } = true;

    /// <summary>Version of the livepatch, as its author counts.</summary>
    public string Version { get; init; } = "1";

    /// <summary>What it is about, in one line; null to take the subject of the first patch that is a mail.</summary>
    public string? Title { get; init; }

    /// <summary>CVE identifiers of what it fixes; null to take those that the patches' words name.</summary>
    public IReadOnlyList<string>? Cves { get; init; }

    /// <summary>The later kernel whose fixes it carries; null for a patch of its own.</summary>
    public NoteEffective? Effective { get; init; }

    /// <summary>Refuse a patch whose headers more units than this include, instead of looking through them all.</summary>
    public int MostUnits { get; init; } = int.MaxValue;

    /// <summary>Whether other builds run beside, many of which fail: the patched source is compiled first, and the original only if that compiles.</summary>
    public bool IsOneOfMany { get; init; }

    /// <summary>With <see cref="IsOneOfMany"/>: sources of units that most likely do not compile with a changed header, for the later version changes them too. They are tried first, those that mention what the header has no more before all.</summary>
    public IReadOnlySet<string> TriedFirst { get; init; } = new HashSet<string>();

    /// <summary>Whether errors of the compiler are told with the lines of the patch; else, faster, with the file alone.</summary>
    public bool ExplainErrors { get; init; } = true;

    /// <summary>Which patched objects are kept for builds with some of the same changes: with hundreds of units most of the time goes there.</summary>
    public KeptObjects Keep { get; init; }

    /// <summary>Shadows of the kernel's tree that several builds share; null for one of its own.</summary>
    public ShadowPool? Shadows { get; init; }

    /// <summary>Directory with the source and makefile of a module outside the kernel's tree, from which the patches' paths start; null for the kernel's tree.</summary>
    public string? ModuleSource { get; init; }

    /// <summary>The module file built from <see cref="ModuleSource"/>; null to look for it there.</summary>
    public string? ModuleFile { get; init; }

    /// <summary>Module files of older livepatches that it is to replace; compared with the new one.</summary>
    public IReadOnlyList<string> Replaces { get; init; } = [];
}

/// <summary>How a build ended.</summary>
public enum BuildStatus
{
    /// <summary>There is a module.</summary>
    Built,
    /// <summary>The patch changes no code of this kernel.</summary>
    NothingChanged,
    /// <summary>Not safe to patch live.</summary>
    Refused,
    /// <summary>The patch does not apply.</summary>
    DoesNotApply,
    /// <summary>The patched source does not compile.</summary>
    DoesNotCompile,
    /// <summary>What would be replaced is not what runs.</summary>
    KernelMismatch,
    /// <summary>The finished module is not what the compiler's objects ask for; it is not handed out.</summary>
    VerificationFailed,
}

/// <summary>Where the time went, in milliseconds of wall clock.</summary>
public sealed record BuildTimings(long PrepareMs, long CompileMs, long DiffMs, long MatchMs, long LinkMs, long TotalMs);

/// <summary>Outcome of a build.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="ModuleName">Name of the module, without .ko.</param>
/// <param name="Module">Bytes of the .ko when <see cref="BuildStatus.Built"/>.</param>
/// <param name="Functions">Functions replaced and brought along.</param>
/// <param name="Findings">What there is to say.</param>
/// <param name="Timings">Where the time went.</param>
/// <param name="Expectation">What the module must hold, as the verifier derived it, when <see cref="BuildStatus.Built"/>.</param>
public sealed record BuildResult(
    BuildStatus Status, string ModuleName, byte[]? Module, IReadOnlyList<LivepatchFunction> Functions,
    IReadOnlyList<Finding> Findings, BuildTimings Timings, Manifest? Expectation = null)
{
    /// <summary>With <see cref="BuildStatus.DoesNotApply"/>: whether that is because this kernel's source has all of the patches already.</summary>
    public bool IsAlreadyApplied { get; init; }

    /// <summary>What the module says about itself; null unless <see cref="BuildStatus.Built"/>.</summary>
    public LivepatchNote? Note { get; init; }

    /// <summary>How it compares with each livepatch that it replaces; empty unless <see cref="BuildStatus.Built"/>.</summary>
    public IReadOnlyList<Succession> Replaces { get; init; } = [];
}
