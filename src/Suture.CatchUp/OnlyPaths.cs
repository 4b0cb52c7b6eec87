using Suture.CatchUp.Difference;

namespace Suture.CatchUp;

/// <summary>The beginnings of paths that a run is kept to, as an operator gives them.</summary>
public static class OnlyPaths
{
    /// <summary>As paths of the source are spelled: without the './' that a shell's completion puts before them. None twice, and none for the whole source.</summary>
    public static IReadOnlyList<string> Normalise(IEnumerable<string> given)
    {
        ArgumentNullException.ThrowIfNull(given);
        return [.. given.Select(WithoutDot).Where(p => p.Length > 0).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Whether a changed file begins so.</summary>
    public static bool BeginsChange(string start, SourceDifference difference)
    {
        ArgumentNullException.ThrowIfNull(difference);
        return difference.Changes.Concat(difference.Gone).Any(c => c.Files.Any(f => f.StartsWith(start, StringComparison.Ordinal)));
    }

    /// <summary>Whether a file or directory of the source below <paramref name="tree"/> begins so. If none does, it is a slip and no path of a kernel.</summary>
    public static bool BeginsPath(string start, string tree)
    {
        ArgumentNullException.ThrowIfNull(start);
        if (start.Length == 0 || start[0] == '/' || start.Split('/').Contains(".."))
        {
            return false;
        }
        var directory = Path.Combine(tree, Path.GetDirectoryName(start) ?? "");
        return Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any(e => Path.GetFileName(e).StartsWith(Path.GetFileName(start), StringComparison.Ordinal));
    }

    private static string WithoutDot(string path)
    {
        while (path.StartsWith("./", StringComparison.Ordinal))
        {
            path = path[2..].TrimStart('/');
        }
        return path;
    }
}
