namespace Suture.Kernel;

/// <summary>
/// The commands kbuild has recorded (.NAME.o.cmd beside each object it made): in a tree that was built
/// in place a dry run says nothing, as there is nothing left to do.
/// </summary>
internal static class RecordedCommands
{
    private const int MaxCommandFileBytes = 4 << 20;

    /// <summary>Adds all recorded in <paramref name="tree"/> to <paramref name="dryRun"/>.</summary>
    public static void Add(string tree, DryRun dryRun)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var path in Directory.EnumerateFiles(tree, ".*.o.cmd", options))
        {
            if (new FileInfo(path).Length > MaxCommandFileBytes)
            {
                continue;
            }
            using var file = File.OpenText(path);
            var line = file.ReadLine() ?? "";
            var assignment = line.IndexOf(" := ", StringComparison.Ordinal);
            if (assignment > 0 && line[..assignment].Contains("cmd_", StringComparison.Ordinal))
            {
                // It is text for make, which halves dollar signs and strips the backslash of \#.
                dryRun.AddCommand(line[(assignment + 4)..].Replace("$$", "$", StringComparison.Ordinal).Replace("\\#", "#", StringComparison.Ordinal));
            }
        }
    }
}
