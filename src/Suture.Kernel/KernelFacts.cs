using System.Text.Json;
using System.Text.Json.Serialization;

namespace Suture.Kernel;

/// <summary>
/// What is kept in kernel.json of a prepared kernel: identity, and where each piece is (relative to the
/// file's directory, or absolute for a kernel that was given as a directory).
/// </summary>
public sealed record KernelFacts
{
    /// <summary>Changes whenever an entry made by older code is not good enough; such entries are made again.</summary>
    public const int CurrentFormat = 6;

    /// <summary>Name of the file.</summary>
    public const string FileName = "kernel.json";

    /// <summary>See <see cref="CurrentFormat"/>.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>As uname -r says.</summary>
    public required string Release { get; init; }

    /// <summary>Version of the distribution's package; null for a kernel built by hand.</summary>
    public string? PackageVersion { get; init; }

    /// <summary>GNU build-id of the image, lower-case hexadecimal.</summary>
    public required string BuildId { get; init; }

    /// <summary>The bzImage.</summary>
    public required string Vmlinuz { get; init; }

    /// <summary>The unpacked image.</summary>
    public required string Image { get; init; }

    /// <summary>Symbols of the image.</summary>
    public required string SystemMap { get; init; }

    /// <summary>The configuration.</summary>
    public required string Config { get; init; }

    /// <summary>Exported symbols.</summary>
    public required string Symvers { get; init; }

    /// <summary>Directory with the modules.</summary>
    public required string Modules { get; init; }

    /// <summary>Prepared source tree.</summary>
    public required string Source { get; init; }

    /// <summary>Compile database.</summary>
    public required string Units { get; init; }

    /// <summary>Arguments of objtool for a module, empty when it is not used.</summary>
    public IReadOnlyList<string> ModuleObjtoolArguments { get; init; } = [];

    /// <summary>Bytes that the entry takes on disk.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Fingerprint of the pieces of a kernel that was given as a directory, to notice that it was built again.</summary>
    public string? Stamp { get; init; }

    /// <summary>
    /// The facts in <paramref name="directory"/>; null when there are none, or of an older format: then the entry
    /// is to be made again.
    /// </summary>
    /// <exception cref="KernelException">A newer Suture wrote them. Two versions must not take turns in replacing each other's work.</exception>
    public static KernelFacts? TryRead(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            var facts = JsonSerializer.Deserialize(File.ReadAllBytes(path), KernelFactsJson.Default.KernelFacts);
            return facts is null || facts.Format < CurrentFormat ? null
                : facts.Format == CurrentFormat ? facts
                : throw new KernelException($"{path} was written by a newer suture (format {facts.Format}, this one knows {CurrentFormat})",
                    "update suture, or let this one use another cache: set XDG_CACHE_HOME", KernelFault.Broken);
        }
        catch (JsonException)
        {
            // Another format, or damaged: either way it is to be made again.
            return null;
        }
    }

    /// <summary>Writes the facts into <paramref name="directory"/>.</summary>
    public void Write(string directory) =>
        File.WriteAllBytes(Path.Combine(directory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, KernelFactsJson.Default.KernelFacts));
}

[JsonSerializable(typeof(KernelFacts))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class KernelFactsJson : JsonSerializerContext;
