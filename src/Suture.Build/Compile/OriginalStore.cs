using System.Security.Cryptography;
using System.Text;

namespace Suture.Build.Compile;

/// <summary>
/// Results that depend on the prepared tree and a command only, kept for later builds of the same kernel. The tree
/// never changes, so the command and the compiler's identity are the whole key.
/// </summary>
/// <param name="site">The kernel's tree.</param>
/// <param name="name">Directory of the results, in the work directory.</param>
internal sealed class OriginalStore(SourceSite site, string name = "originals")
{
    private readonly string _directory = Path.Combine(site.WorkDirectory, name);

    /// <summary>Where the result of a command is or will be.</summary>
    public string PathOf(IEnumerable<string> command, string extension)
    {
        var text = string.Join('\0', command);
        var compiler = text[..text.IndexOf('\0', StringComparison.Ordinal)];
        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"{site.Tree}\0{Identity(compiler)}\0{text}"));
        return Path.Combine(_directory, Convert.ToHexStringLower(key.AsSpan(0, 16)) + extension);
    }

    /// <summary>A file to make the result in, to be moved to its place when whole.</summary>
    public string Temporary(string path)
    {
        Directory.CreateDirectory(_directory);
        return $"{path}.{Guid.NewGuid():N}.tmp";
    }

    /// <summary>Moves a finished result to its place; another build's equal result may be there already.</summary>
    public static void Keep(string temporary, string path) => File.Move(temporary, path, overwrite: true);

    /// <summary>A package upgrade changes the compiler under the same name.</summary>
    private static string Identity(string compiler)
    {
        var places = compiler.Contains('/') ? [compiler]
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(d => Path.Combine(d, compiler));
        var file = places.Select(p => new FileInfo(p)).FirstOrDefault(f => f.Exists);
        file = file?.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        return file is null ? compiler : $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}";
    }
}
