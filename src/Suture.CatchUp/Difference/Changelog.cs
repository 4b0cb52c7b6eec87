using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>One fix that the distribution's changelog lists.</summary>
/// <param name="Title">Subject of the upstream change, without the CVE identifiers behind it.</param>
/// <param name="Cves">Those identifiers.</param>
/// <param name="Version">Version of the package that brought it.</param>
public sealed record LogEntry(string Title, IReadOnlyList<string> Cves, string Version);

/// <summary>Reads Debian's changelogs (deb-changelog(5)): versions at the left edge, entries below them, newest first.</summary>
public static partial class Changelog
{
    /// <summary>Entries of a package's changelog newer than <paramref name="since"/>; null when it cannot be read or does not come down to that.</summary>
    public static async Task<IReadOnlyList<LogEntry>?> OfPackageAsync(string package, string since, CancellationToken cancellation)
    {
        var name = Path.GetFileName(package).Split('_')[0];
        var start = new ProcessStartInfo("sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-c", "dpkg-deb --fsys-tarfile \"$1\" | tar -xO \"./usr/share/doc/$2/changelog.Debian.gz\"", "sh", package, name])
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        using var packed = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(packed, cancellation);
        await process.WaitForExitAsync(cancellation);
        if (packed.Length == 0)
        {
            return null;
        }
        packed.Position = 0;
        try
        {
            using var text = new StreamReader(new GZipStream(packed, CompressionMode.Decompress));
            return Read(text, since);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Entries of versions above <paramref name="since"/>, to which the file must come down; null when it does not.</summary>
    public static IReadOnlyList<LogEntry>? Read(TextReader text, string since)
    {
        ArgumentNullException.ThrowIfNull(text);
        var entries = new List<LogEntry>();
        var (version, pending) = ("", "");
        while (text.ReadLine() is { } line)
        {
            if (Version().Match(line) is { Success: true } heading)
            {
                Close();
                version = heading.Groups[1].Value;
                if (version == since)
                {
                    return entries;
                }
            }
            else if (Bullet().Match(line) is { Success: true } bullet)
            {
                Close();
                pending = bullet.Groups[1].Value;
            }
            else if (line.StartsWith("    ", StringComparison.Ordinal) && pending.Length > 0)
            {
                pending += " " + line.Trim();
            }
            else
            {
                Close();
            }
        }
        return null;

        void Close()
        {
            // A heading such as "New upstream stable update:" is followed by its entries and is none.
            if (pending.Length > 0 && !pending.TrimEnd().EndsWith(':') && !pending.Contains("https://", StringComparison.Ordinal))
            {
                var cves = Cve().Matches(pending).Select(m => m.Value).Distinct().ToList();
                entries.Add(new LogEntry(Brackets().Replace(pending, "").Trim(), cves, version));
            }
            pending = "";
        }
    }

    [GeneratedRegex(@"^\S+ \(([^)]+)\)")]
    private static partial Regex Version();

    [GeneratedRegex(@"^\s+[-*] (.*)$")]
    private static partial Regex Bullet();

    [GeneratedRegex(@"CVE-[0-9]{4}-[0-9]{4,}")]
    private static partial Regex Cve();

    [GeneratedRegex(@"\s*\((?:CVE-[0-9-]+,?\s*)+\)")]
    private static partial Regex Brackets();
}
