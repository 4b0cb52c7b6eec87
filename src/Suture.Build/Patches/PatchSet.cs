namespace Suture.Build.Patches;

/// <summary>What came of applying patches: either <see cref="Failures"/> is empty and <see cref="Files"/> are the result, or the patches do not fit.</summary>
/// <param name="Files">Every C source and header that differs afterwards.</param>
/// <param name="Unsupported">Parts that a live patch cannot carry; they are not in <see cref="Files"/>.</param>
/// <param name="Notes">Offsets and the like.</param>
/// <param name="Failures">Why not, all reasons at once.</param>
public sealed record PatchApplication(
    IReadOnlyList<PatchedFile> Files,
    IReadOnlyList<UnsupportedChange> Unsupported,
    IReadOnlyList<PatchNote> Notes,
    IReadOnlyList<PatchFailure> Failures)
{
    /// <summary>Whether the tree has all that the patches change already: each hunk's new lines in place of its old ones, in their order, and nothing besides that could not be compared.</summary>
    public bool IsAlreadyApplied { get; init; }

    /// <summary>Whether all patches applied.</summary>
    public bool Succeeded => Failures.Count == 0;
}

/// <summary>Patches in the order in which they apply.</summary>
public sealed class PatchSet
{
    private readonly IReadOnlyList<(string Name, IReadOnlyList<FilePatch> Files, IReadOnlyList<string> OnlyIn)> _patches;

    private PatchSet(IReadOnlyList<(string, IReadOnlyList<FilePatch>, IReadOnlyList<string>)> patches) => _patches = patches;

    /// <summary>All parts of all patches, in order.</summary>
    public IEnumerable<FilePatch> FilePatches => _patches.SelectMany(p => p.Files);

    /// <summary>Reads patches: unified diffs, mails of git format-patch, mailboxes.</summary>
    /// <exception cref="PatchFormatException">One of them cannot be read.</exception>
    public static PatchSet Parse(IReadOnlyList<(string Name, byte[] Bytes)> patches)
    {
        ArgumentNullException.ThrowIfNull(patches);
        return new PatchSet([.. patches.Select(p =>
        {
            var (files, onlyIn) = PatchReader.Read(p.Name, p.Bytes);
            return (p.Name, files, onlyIn);
        })]);
    }

    /// <summary>Applies all patches in memory, each to what the ones before it left.</summary>
    /// <param name="readOriginal">Bytes of a file of the tree by its relative path, or null when there is none.</param>
    public PatchApplication Apply(Func<string, byte[]?> readOriginal)
    {
        ArgumentNullException.ThrowIfNull(readOriginal);
        return new PatchRun(readOriginal).Apply(_patches);
    }
}
