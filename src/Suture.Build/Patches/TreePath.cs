namespace Suture.Build.Patches;

/// <summary>Paths of a patch as paths of a tree: stripped of leading directories, never leading out.</summary>
internal static class TreePath
{
    /// <summary>Whether the name, as spelled, could lead out of the tree or into its repository data.</summary>
    public static bool IsUnsafe(string name) =>
        name.StartsWith('/') || name.Split('/').Any(c => c is ".." or ".git");

    /// <summary>The path with <paramref name="level"/> leading directories taken off, or null when it has no more.</summary>
    public static string? Strip(string name, int level)
    {
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length <= level)
        {
            return null;
        }
        var path = string.Join('/', parts.Skip(level).Where(c => c != "."));
        return path.Length == 0 ? null : path;
    }

    /// <summary>Number of directories in the name.</summary>
    public static int Depth(string name) => name.Split('/', StringSplitOptions.RemoveEmptyEntries).Length - 1;
}
