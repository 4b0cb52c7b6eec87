namespace Suture.Build.Patches;

/// <summary>
/// Finds how many leading directories of a patch's names to take off (patch(1)'s <c>-p</c>): the level at which all
/// files it changes are in the tree.
/// </summary>
internal static class StripLevel
{
    private const int Deepest = 16;

    /// <summary>The level for the files of one patch, or why there is none.</summary>
    public static (int Level, PatchFailure? Failure) Find(IReadOnlyList<FilePatch> files, Func<string, bool> exists)
    {
        var deepest = Math.Min(Deepest, files.Max(f => Math.Max(TreePath.Depth(f.OldName ?? ""), TreePath.Depth(f.NewName ?? ""))));
        var usual = files.Any(f => f.IsGit) || files.All(HasPrefix) ? 1 : 0;
        (int Level, int Found, FilePatch? Missing) best = (usual, -1, null);
        // The usual level first: it wins where several would do (a patch that only adds files, say).
        foreach (var level in Enumerable.Range(0, deepest + 1).OrderBy(l => l == usual ? 0 : 1))
        {
            var (found, missing) = Count(files, level, exists);
            if (missing is null)
            {
                return (level, null);
            }
            best = found > best.Found ? (level, found, missing) : best;
        }
        return (0, Missing(files, best.Level, best.Found, best.Missing!));
    }

    /// <summary>The file's path at a level: the first of its names that is in the tree, else the name after.</summary>
    public static string? PathOf(FilePatch file, int level, Func<string, bool> exists)
    {
        var old = file.OldName is null ? null : TreePath.Strip(file.OldName, level);
        var @new = file.NewName is null ? null : TreePath.Strip(file.NewName, level);
        if (file.Change is FileChange.Rename or FileChange.Copy or FileChange.Delete)
        {
            return old;
        }
        return @new is not null && (exists(@new) || old is null || !exists(old)) ? @new : old;
    }

    private static bool HasPrefix(FilePatch file) =>
        (file.OldName?.StartsWith("a/", StringComparison.Ordinal) ?? true) && (file.NewName?.StartsWith("b/", StringComparison.Ordinal) ?? true);

    private static (int Found, FilePatch? Missing) Count(IReadOnlyList<FilePatch> files, int level, Func<string, bool> exists)
    {
        var made = new HashSet<string>();
        var found = 0;
        FilePatch? missing = null;
        foreach (var file in files)
        {
            var path = PathOf(file, level, p => made.Contains(p) || exists(p));
            if (path is null)
            {
                missing ??= file;
            }
            else if (made.Contains(path) || exists(path))
            {
                found++;
            }
            else if (Creates(file) || ChangeClassifier.IsNotCode(path) || ChangeClassifier.IsElsewhere(path, exists))
            {
                made.Add(path);
            }
            else
            {
                missing ??= file;
            }
        }
        return (found, missing);
    }

    /// <summary>Whether it makes a file from nothing: by its header, or (diff -N) by a hunk with no old lines.</summary>
    public static bool Creates(FilePatch file) =>
        file.Change == FileChange.Create || file.HunkList is [{ OldStart: 0 } only] && only.Lines.All(l => l.Kind == HunkLineKind.Added);

    private static PatchFailure Missing(IReadOnlyList<FilePatch> files, int level, int found, FilePatch missing)
    {
        var path = PathOf(missing, level, _ => false) ?? missing.ShownName;
        var how = found > 0 ? $"{found} of {files.Count} files are there when {level} leading director{(level == 1 ? "y is" : "ies are")} taken off, but this one is not"
            : "nor is any other file of the patch, with any number of leading directories taken off";
        return new PatchFailure(PatchFailureKind.FileMissing, missing.PatchName, missing.PatchLine, path,
            $"'{path}' is not in the kernel's source tree ({how})",
            "check that the patch is for this kernel version, or make it from the top of the kernel tree (git diff)");
    }
}
