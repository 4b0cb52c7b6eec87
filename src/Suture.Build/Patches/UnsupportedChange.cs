namespace Suture.Build.Patches;

/// <summary>What kind of change a live patch cannot carry.</summary>
public enum UnsupportedKind
{
    /// <summary>A Makefile or Kbuild file: what is built, or with which options.</summary>
    Makefile,

    /// <summary>A Kconfig file.</summary>
    Kconfig,

    /// <summary>A new source file, which no makefile rule of this kernel builds.</summary>
    NewSource,

    /// <summary>A file goes away.</summary>
    Deleted,

    /// <summary>A file moves or is copied.</summary>
    Renamed,

    /// <summary>Assembly source.</summary>
    Assembly,

    /// <summary>A linker script, device tree, table or other input of the build that is not C.</summary>
    OtherBuildInput,

    /// <summary>Permission bits.</summary>
    Mode,

    /// <summary>A file that is no part of the kernel's code: documentation, tools, samples, tests.</summary>
    NotCode,

    /// <summary>A source file that this kernel does not build: another architecture, or configured out.</summary>
    NotBuilt,

    /// <summary>"Only in …": a file that diff saw on one side only and did not show.</summary>
    OnlyIn,
}

/// <summary>A part of the patch that has no place in a live patch.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Blocks">True: without it the patch is not what its author meant, so refuse; false: it can be left out with a word.</param>
/// <param name="Patch">Name of the patch.</param>
/// <param name="PatchLine">Line of the patch.</param>
/// <param name="Path">File in the tree.</param>
/// <param name="Reason">Why it cannot be carried, one line.</param>
/// <param name="Advice">What to do, one line.</param>
public sealed record UnsupportedChange(
    UnsupportedKind Kind, bool Blocks, string Patch, int PatchLine, string Path, string Reason, string Advice);
