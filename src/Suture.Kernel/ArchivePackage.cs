using System.Globalization;
using System.Text.RegularExpressions;

namespace Suture.Kernel;

/// <summary>A package in the archive as apt's signed lists describe it.</summary>
/// <param name="Uri">Where to get it; apt picked the mirror.</param>
/// <param name="FileName">Its file name, as apt stores it.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Checksum, lower-case hexadecimal.</param>
public sealed partial record ArchivePackage(string Uri, string FileName, long Size, string Sha256)
{
    /// <summary>Package name: the file name up to the first '_'.</summary>
    public string Name => FileName.Split('_')[0];

    /// <summary>Reads the output of <c>apt-get download --print-uris</c>: <c>'URI' FILE SIZE SHA256:HASH</c> per line; other lines are skipped.</summary>
    public static List<ArchivePackage> Parse(string text)
    {
        var packages = new List<ArchivePackage>();
        foreach (Match match in UriLine().Matches(text))
        {
            packages.Add(new(match.Groups[1].Value, match.Groups[2].Value,
                long.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture), match.Groups[4].Value.ToLowerInvariant()));
        }
        return packages;
    }

    // The file name becomes a path of ours, so nothing that leads elsewhere is let through.
    [GeneratedRegex(@"^'([^'\s]+)' ([A-Za-z0-9][^/\s]*\.deb) (\d{1,12}) SHA256:([0-9a-fA-F]{64})\s*$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex UriLine();
}
