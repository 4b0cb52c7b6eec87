namespace Suture.Build.Patches;

/// <summary>Tells by path and kind of change what a live patch can carry.</summary>
internal static class ChangeClassifier
{
    private static readonly string[] NotCode =
        ["Documentation/", "tools/", "samples/", "scripts/", "LICENSES/", "debian/", "MAINTAINERS", "CREDITS", "README", "COPYING", ".mailmap", ".gitignore"];

    /// <summary>Whether the file is no part of what the kernel is compiled from, so that it need not even exist.</summary>
    public static bool IsNotCode(string path) =>
        NotCode.Any(p => p.EndsWith('/') ? path.StartsWith(p, StringComparison.Ordinal) : path == p)
        || path.EndsWith("/.gitignore", StringComparison.Ordinal)
        || path.EndsWith(".rst", StringComparison.Ordinal);

    /// <summary>Whether the file is code that this kernel cannot have, so that the tree may lack it: of another architecture, or of the driver that fetched trees leave out.</summary>
    public static bool IsElsewhere(string path, Func<string, bool> exists)
    {
        ArgumentNullException.ThrowIfNull(exists);
        const string Arch = "arch/", Ours = "arch/x86/", LeftOut = "drivers/gpu/drm/amd/";
        return (path.StartsWith(Arch, StringComparison.Ordinal) && path.IndexOf('/', Arch.Length) > 0 && !path.StartsWith(Ours, StringComparison.Ordinal))
            || (path.StartsWith(LeftOut, StringComparison.Ordinal) && !exists(path));
    }

    /// <summary>The fact to report, or null when the file's change is one of C text and can be carried.</summary>
    public static UnsupportedChange? Classify(FilePatch file, string path, Func<string, bool> exists)
    {
        UnsupportedChange Fact(UnsupportedKind kind, bool blocks, string reason, string advice) =>
            new(kind, blocks, file.PatchName, file.PatchLine, path, reason, advice);

        const string KeepOut = "leave this part out of the live patch if the rest works without it";
        if (IsNotCode(path))
        {
            return Fact(UnsupportedKind.NotCode, false, "no part of the kernel's code", "nothing to do: it is left out");
        }
        if (IsElsewhere(path, exists))
        {
            return Fact(UnsupportedKind.NotBuilt, false, "this kernel is not built from it (another architecture, or configured out)", "nothing to do: it is left out");
        }
        switch (file.Change)
        {
            case FileChange.Delete:
                return Fact(UnsupportedKind.Deleted, true, "a running kernel cannot lose a source file", KeepOut);
            case FileChange.Rename or FileChange.Copy:
                return Fact(UnsupportedKind.Renamed, true, "a running kernel's source files cannot move", "make the change in the file's old place");
            case FileChange.Modify when file.HunkList.Count == 0:
                return Fact(UnsupportedKind.Mode, false, "only permission bits change", "nothing to do: it is left out");
        }
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (name.StartsWith("Makefile", StringComparison.Ordinal) || name.StartsWith("Kbuild", StringComparison.Ordinal))
        {
            return Fact(UnsupportedKind.Makefile, true, "what the kernel is built from cannot change while it runs", KeepOut);
        }
        if (name.StartsWith("Kconfig", StringComparison.Ordinal))
        {
            return Fact(UnsupportedKind.Kconfig, true, "the running kernel's configuration is fixed", KeepOut);
        }
        return name[(name.LastIndexOf('.') + 1)..] switch
        {
            "c" when file.Change == FileChange.Create => Fact(UnsupportedKind.NewSource, true, "no rule of this kernel builds a new source file",
                "put the new functions in one of the files that use them"),
            "c" or "h" or "inc" => null,
            "S" => Fact(UnsupportedKind.Assembly, true, "assembly code has no function entry that can be patched live", KeepOut),
            _ => Fact(UnsupportedKind.OtherBuildInput, true, "only C sources and headers can be patched live", KeepOut),
        };
    }
}
