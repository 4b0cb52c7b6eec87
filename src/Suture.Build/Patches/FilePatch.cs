namespace Suture.Build.Patches;

/// <summary>What a patch says it does to a file, besides changing its text.</summary>
public enum FileChange
{
    /// <summary>The file stays where it is.</summary>
    Modify,

    /// <summary>The file is new.</summary>
    Create,

    /// <summary>The file goes away.</summary>
    Delete,

    /// <summary>The file gets another name.</summary>
    Rename,

    /// <summary>The file is a copy of another one.</summary>
    Copy,
}

/// <summary>The part of a patch that is about one file.</summary>
public sealed class FilePatch
{
    /// <summary>Name of the patch it comes from.</summary>
    public required string PatchName { get; init; }

    /// <summary>Line of the patch where it begins, from 1.</summary>
    public required int PatchLine { get; init; }

    /// <summary>Name before, as spelled (prefix included); null for <c>/dev/null</c> or when not given.</summary>
    public string? OldName { get; internal set; }

    /// <summary>Name after, as spelled (prefix included); null for <c>/dev/null</c> or when not given.</summary>
    public string? NewName { get; internal set; }

    /// <summary>What it does besides changing text.</summary>
    public FileChange Change { get; internal set; }

    /// <summary>Whether it begins with a <c>diff --git</c> line, so that one leading directory (a/, b/) is usual.</summary>
    public bool IsGit { get; init; }

    /// <summary>Whether the change is one of bytes that the patch does not show as text.</summary>
    public bool IsBinary { get; internal set; }

    /// <summary>Whether the file's permission bits change.</summary>
    public bool ChangesMode { get; internal set; }

    /// <summary>Whether it is a symbolic link or a submodule, not a plain file.</summary>
    public bool IsSpecial { get; internal set; }

    /// <summary>Its hunks, in the order of the file.</summary>
    public IReadOnlyList<Hunk> Hunks => HunkList;

    internal List<Hunk> HunkList { get; } = [];

    /// <summary>The name to show when no better one is known.</summary>
    public string ShownName => NewName ?? OldName ?? "(no name)";
}
