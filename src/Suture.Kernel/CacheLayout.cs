namespace Suture.Kernel;

/// <summary>Where things are in the cache.</summary>
/// <param name="Root">The cache's own directory, absolute.</param>
public sealed record CacheLayout(string Root)
{
    /// <summary>${XDG_CACHE_HOME:-~/.cache}/suture.</summary>
    public static CacheLayout Default { get; } = new(Path.Combine(
        // The XDG rules say that a path that is not absolute is to be ignored.
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } home && Path.IsPathRooted(home)
            ? home
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "suture"));

    /// <summary>One directory per prepared kernel release.</summary>
    public string Kernels => Path.Combine(Root, "kernels");

    /// <summary>Derived files of kernels that were given as a directory.</summary>
    public string Directories => Path.Combine(Root, "directories");

    /// <summary>Plain source trees, one directory per version.</summary>
    public string Sources => Path.Combine(Root, "sources");

    /// <summary>Packages, whole or in part.</summary>
    public string Downloads => Path.Combine(Root, "downloads");

    /// <summary>Suture's own package lists.</summary>
    public string Lists => Path.Combine(Root, "apt");

    /// <summary>The entry of <paramref name="release"/>.</summary>
    public string Entry(string release) => Path.Combine(Kernels, release);
}
