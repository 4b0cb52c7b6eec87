namespace Suture.Build.Patches;

/// <summary>What a line of a hunk does.</summary>
public enum HunkLineKind
{
    /// <summary>The line is in the file before and after.</summary>
    Context,

    /// <summary>The line is only in the file before.</summary>
    Removed,

    /// <summary>The line is only in the file after.</summary>
    Added,
}

/// <summary>One line of a hunk.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Text">Its bytes, with the newline unless the patch says there is none.</param>
/// <param name="PatchLine">Where it stands in the patch, from 1.</param>
public readonly record struct HunkLine(HunkLineKind Kind, ReadOnlyMemory<byte> Text, int PatchLine);

/// <summary>One hunk of a unified diff.</summary>
/// <param name="PatchLine">Where its <c>@@</c> line stands in the patch, from 1.</param>
/// <param name="OldStart">First line in the file before, from 1; with no old lines, the line it comes after.</param>
/// <param name="Lines">All its lines, in order.</param>
public sealed record Hunk(int PatchLine, int OldStart, IReadOnlyList<HunkLine> Lines)
{
    /// <summary>Lines of the file before: context and removed ones.</summary>
    public IEnumerable<HunkLine> OldLines => Lines.Where(l => l.Kind != HunkLineKind.Added);

    /// <summary>Lines of the file after: context and added ones.</summary>
    public IEnumerable<HunkLine> NewLines => Lines.Where(l => l.Kind != HunkLineKind.Removed);

    /// <summary>What the patch says the hunk is part of, after the second <c>@@</c>: the beginning of the line that begins the function. Empty when it says nothing.</summary>
    public ReadOnlyMemory<byte> Section { get; init; }

    /// <summary>Index from 0 of its first line in the file before, if that file is the one the patch was made for.</summary>
    public int OldIndex(int oldCount) => oldCount == 0 ? OldStart : OldStart - 1;
}
