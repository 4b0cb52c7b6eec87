namespace Suture.Build.Patches;

/// <summary>Why a patch was not applied.</summary>
public enum PatchFailureKind
{
    /// <summary>A hunk's old lines are not in the file.</summary>
    HunkMismatch,

    /// <summary>A hunk's old lines are in the file more than once, and not where the patch says.</summary>
    HunkAmbiguous,

    /// <summary>The hunk's new lines are in the file instead of its old ones.</summary>
    AlreadyApplied,

    /// <summary>A file the patch changes is not in the tree, at any <c>-p</c> level.</summary>
    FileMissing,

    /// <summary>A file the patch creates is there already.</summary>
    FileExists,

    /// <summary>The change is of bytes that the patch does not show as text.</summary>
    Binary,

    /// <summary>A path leads out of the tree or into its <c>.git</c>.</summary>
    UnsafePath,

    /// <summary>The path is a symbolic link or a submodule.</summary>
    NotAPlainFile,
}

/// <summary>One reason why a patch does not apply: where in the patch, where in the tree, and how far off.</summary>
/// <param name="Kind">What kind of reason.</param>
/// <param name="Patch">Name of the patch.</param>
/// <param name="PatchLine">Line of the patch: the hunk's header, or the file's.</param>
/// <param name="Path">File in the tree (relative), or as the patch spells it.</param>
/// <param name="Message">What happened, one line.</param>
/// <param name="Advice">What to do about it, one line.</param>
public sealed record PatchFailure(PatchFailureKind Kind, string Patch, int PatchLine, string Path, string Message, string Advice)
{
    /// <summary>Number of the hunk within its file, from 1; 0 when the failure is not about one.</summary>
    public int Hunk { get; init; }

    /// <summary>How many hunks the patch has for the file.</summary>
    public int HunkCount { get; init; }

    /// <summary>Where the hunk was expected to begin in the file, from 1.</summary>
    public int ExpectedLine { get; init; }

    /// <summary>Where the file comes nearest to it (or where it matches, when ambiguous or applied), from 1; 0 when nowhere.</summary>
    public int NearestLine { get; init; }

    /// <summary>How many lines <see cref="NearestLine"/> is below (negative: above) <see cref="ExpectedLine"/>.</summary>
    public int OffBy => NearestLine == 0 ? 0 : NearestLine - ExpectedLine;

    /// <summary>Line of the patch with the first text that differs there; 0 when none.</summary>
    public int DifferingPatchLine { get; init; }

    /// <summary>Line of the file with the first text that differs there.</summary>
    public int DifferingLine { get; init; }

    /// <summary>The text the patch has there.</summary>
    public string? Expected { get; init; }

    /// <summary>The text the file has there.</summary>
    public string? Found { get; init; }

    /// <summary>As a compiler would say it: place, message, what differs, advice.</summary>
    public override string ToString()
    {
        var differs = Expected is null ? "" :
            $"\n  {Patch}:{DifferingPatchLine}: expects: {Expected}\n  {Path}:{DifferingLine}: has:     {Found}";
        return $"{Patch}:{PatchLine}: {Message}{differs}\n  {Advice}";
    }
}

/// <summary>Something about a patch that its author may want to know and that stops nothing.</summary>
/// <param name="Patch">Name of the patch.</param>
/// <param name="PatchLine">Line of the patch.</param>
/// <param name="Path">File in the tree.</param>
/// <param name="Message">What it is, one line.</param>
public sealed record PatchNote(string Patch, int PatchLine, string Path, string Message)
{
    /// <summary>Whether somebody should look: it may not be the place that the author meant.</summary>
    public bool IsDoubtful { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Patch}:{PatchLine}: {Message}";
}
