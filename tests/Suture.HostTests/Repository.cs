namespace Suture.HostTests;

/// <summary>Where the sources are.</summary>
internal static class Repository
{
    /// <summary>Top of the repository.</summary>
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Suture.slnx")))
        {
            directory = directory.Parent;
        }
        return directory.FullName;
    }
}
