namespace Suture.FixtureTests;

/// <summary>Finds the sources that the running test was built from.</summary>
internal static class RepositoryRoot
{
    /// <summary>The directory that holds Suture.slnx.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(at.FullName, "Suture.slnx")))
            {
                return at.FullName;
            }
        }
        throw new InvalidOperationException($"no Suture.slnx above {AppContext.BaseDirectory}");
    }
}
