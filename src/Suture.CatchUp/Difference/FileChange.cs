using System.Diagnostics;
using System.Text;

namespace Suture.CatchUp.Difference;

/// <summary>What differs in one file between two trees, as diff writes it.</summary>
internal static class FileChange
{
    /// <summary>Makes it, whole.</summary>
    public static async Task<Change> OfAsync(ChangedFiles files, string path, CancellationToken cancellation)
    {
        var isNew = files.IsNew(path);
        string[] arguments =
        [
            "-u", "--label", isNew ? "/dev/null" : "a/" + path, "--label", "b/" + path,
            isNew ? "/dev/null" : Path.Combine(files.OldTree, path), Path.Combine(files.NewTree, path),
        ];
        using var process = Process.Start(new ProcessStartInfo("diff", arguments) { RedirectStandardOutput = true })!;
        using var text = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(text, cancellation);
        await process.WaitForExitAsync(cancellation);
        // 1: they differ.
        return process.ExitCode == 1
            ? new Change(path, path, text.ToArray(), [path], []) { Hunks = DiffHunk.Read(text.ToArray()) }
            : throw new IOException($"diff {path} ends with {process.ExitCode}");
    }

    /// <summary>Its parts; one that is the whole when it is all one, a new file, or no C.</summary>
    public static IReadOnlyList<Change> Parts(ChangedFiles files, Change whole)
    {
        var path = whole.Files[0];
        string[] Lines(string tree) => File.ReadAllText(Path.Combine(tree, path), Encoding.Latin1).Split('\n');
        return files.IsNew(path) ? [whole]
            : path.EndsWith(".S", StringComparison.Ordinal) ? [whole with { Items = AssemblyItems.Of(whole.Hunks!, Lines(files.OldTree), Lines(files.NewTree)) }]
            : FileParts.Of(whole, Lines(files.OldTree), Lines(files.NewTree));
    }
}
