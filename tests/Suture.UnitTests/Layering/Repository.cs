namespace Suture.UnitTests.Layering;

/// <summary>The sources that the running test was built from.</summary>
internal static class Repository
{
    /// <summary>The directory that holds Suture.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Path below <see cref="Root"/> and text of each source file of the product, what the compiler generates aside.</summary>
    public static IReadOnlyList<(string Path, string Text)> ProductSources { get; } = [.. Files("src", "*.cs").Select(p => (p, Read(p)))];

    /// <summary>Paths below <see cref="Root"/> of the files in <paramref name="directory"/> that match, build output aside.</summary>
    public static IEnumerable<string> Files(string directory, string pattern)
    {
        var from = Path.Combine(Root, directory);
        return !Directory.Exists(from) ? [] : Directory.EnumerateFiles(from, pattern, SearchOption.AllDirectories)
            .Select(p => Path.GetRelativePath(Root, p))
            .Where(p => !p.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal);
    }

    /// <summary>Text of the file at <paramref name="path"/> below <see cref="Root"/>.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Suture.slnx")))
            {
                return at.FullName;
            }
        }
        throw new InvalidOperationException($"no Suture.slnx above {AppContext.BaseDirectory}");
    }
}
