namespace Suture.Build.Patches;

/// <summary>Where a line of a patched file comes from: the original file, or a line of a patch.</summary>
/// <param name="OriginalLine">Its line in the original, from 1; 0 for an added line.</param>
/// <param name="Patch">For an added line: name of the patch that added it last.</param>
/// <param name="PatchLine">For an added line: its line there, from 1.</param>
public readonly record struct LineOrigin(int OriginalLine, string? Patch, int PatchLine)
{
    /// <summary>Whether a patch added the line.</summary>
    public bool IsAdded => OriginalLine == 0;
}

/// <summary>A run of lines that all patches together replace by another, without context.</summary>
/// <param name="OriginalStart">First line in the original, from 1; with no lines, the line it comes before.</param>
/// <param name="OriginalCount">Lines there.</param>
/// <param name="PatchedStart">First line in the patched file, from 1; with no lines, the line it comes before.</param>
/// <param name="PatchedCount">Lines there.</param>
public readonly record struct ChangedRegion(int OriginalStart, int OriginalCount, int PatchedStart, int PatchedCount);

/// <summary>A file before and after all patches.</summary>
public sealed class PatchedFile
{
    internal PatchedFile(string path, byte[]? original, byte[] patched, IReadOnlyList<LineOrigin> origins, IReadOnlyList<ChangedRegion> regions)
    {
        Path = path;
        IsNew = original is null;
        Original = original ?? [];
        Patched = patched;
        Origins = origins;
        Regions = regions;
    }

    /// <summary>Path relative to the tree, with <c>/</c>.</summary>
    public string Path { get; }

    /// <summary>Whether the tree lacks the file.</summary>
    public bool IsNew { get; }

    /// <summary>Bytes before; empty for a new file.</summary>
    public byte[] Original { get; }

    /// <summary>Bytes after all patches.</summary>
    public byte[] Patched { get; }

    /// <summary>Line map: for each line of <see cref="Patched"/> (index 0 is line 1) where it comes from.</summary>
    public IReadOnlyList<LineOrigin> Origins { get; }

    /// <summary>What changes, in the order of the file, without context.</summary>
    public IReadOnlyList<ChangedRegion> Regions { get; }

    /// <summary>The same file, its path below <paramref name="directory"/>, which ends with '/' or is empty.</summary>
    internal PatchedFile Below(string directory) => directory.Length == 0 ? this : new(directory + Path, IsNew ? null : Original, Patched, Origins, Regions);

    /// <summary>
    /// The patch's line for a line of <see cref="Patched"/> (from 1): its own for an added line; null for an unchanged one.
    /// </summary>
    public (string Patch, int Line)? PatchLineOf(int patchedLine) =>
        patchedLine >= 1 && patchedLine <= Origins.Count && Origins[patchedLine - 1] is { Patch: { } patch } origin
            ? (patch, origin.PatchLine)
            : null;
}
