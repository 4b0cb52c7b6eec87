using System.Text.RegularExpressions;

namespace Suture.Kernel;

/// <summary>The packages that make up one Debian kernel release.</summary>
/// <param name="Release">As uname -r says.</param>
/// <param name="Version">Version of the source package that the image was built from.</param>
/// <param name="Image">linux-image-RELEASE: vmlinuz, configuration, modules.</param>
/// <param name="Headers">linux-headers-RELEASE: generated headers, Module.symvers.</param>
/// <param name="Tools">linux-kbuild-X: compiled build tools.</param>
/// <param name="Source">linux-source-X.Y: the patched source.</param>
internal sealed partial record DebianKernel(
    string Release, string Version, ArchivePackage Image, ArchivePackage Headers, ArchivePackage Tools, ArchivePackage Source)
{
    /// <summary>All four.</summary>
    public IReadOnlyList<ArchivePackage> Packages => [Source, Image, Headers, Tools];

    /// <summary>True when <paramref name="release"/> can be a release of Debian: it becomes part of package names and paths.</summary>
    public static bool IsRelease(string release) => ReleaseName().IsMatch(release);

    /// <summary>Finds the packages in <paramref name="lists"/>; null when they do not know the release or its source.</summary>
    public static async Task<DebianKernel?> FindAsync(AptLists lists, string release, CancellationToken cancellation)
    {
        if ((await lists.ShowAsync("linux-image-" + release, cancellation)).FirstOrDefault() is not { } image
            || (await lists.ShowAsync("linux-headers-" + release, cancellation)).Find(h => h["Version"] == image["Version"]) is not { } headers
            || ToolsDependency().Match(headers["Depends"]) is not { Success: true } tools)
        {
            return null;
        }
        var version = SourceVersion(image);
        var toolsVersions = await lists.ShowAsync(tools.Value, cancellation);
        var toolsVersion = toolsVersions.Find(t => t["Version"] == version) ?? toolsVersions.FirstOrDefault();
        if (toolsVersion is null)
        {
            return null;
        }
        string[] wanted =
        [
            $"linux-image-{release}={image["Version"]}",
            $"linux-headers-{release}={headers["Version"]}",
            $"{tools.Value}={toolsVersion["Version"]}",
            $"linux-source-{Series(release)}={version}",
        ];
        return await lists.LocateAsync(wanted, cancellation) is { } found
            ? new(release, version, Pick("linux-image-"), Pick("linux-headers-"), Pick("linux-kbuild-"), Pick("linux-source-"))
            : null;

        ArchivePackage Pick(string prefix) => found.Find(p => p.Name.StartsWith(prefix, StringComparison.Ordinal))
            ?? throw new KernelException($"apt named no {prefix}… package for {release}", "run `apt-get update` and try again", KernelFault.NotFound);
    }

    /// <summary>"6.12" of "6.12.117+deb12-cloud-amd64".</summary>
    public static string Series(string release) => SeriesPrefix().Match(release).Value;

    /// <summary>The source version an image was built from: signed images say it in Built-Using, others are of the same version.</summary>
    public static string SourceVersion(ControlStanza image) =>
        BuiltUsing().Match(image["Built-Using"]) is { Success: true } match ? match.Groups[1].Value : image["Version"];

    [GeneratedRegex(@"\A[0-9]+\.[0-9]+[A-Za-z0-9.+~-]{0,100}\z")]
    private static partial Regex ReleaseName();

    [GeneratedRegex(@"\A[0-9]+\.[0-9]+")]
    private static partial Regex SeriesPrefix();

    [GeneratedRegex(@"linux-kbuild-[A-Za-z0-9.+~-]+")]
    private static partial Regex ToolsDependency();

    [GeneratedRegex(@"\blinux(?:-[0-9.]+)? \(= ([^)\s]+)\)")]
    private static partial Regex BuiltUsing();
}
