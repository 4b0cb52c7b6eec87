using System.Reflection;

namespace Suture.Build;

/// <summary>C sources and headers that are part of this program.</summary>
internal static class EmbeddedFile
{
    /// <summary>Names of those below <paramref name="prefix"/>, sorted.</summary>
    public static IEnumerable<string> Below(string prefix) => Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>The bytes of the one called <paramref name="name"/>.</summary>
    public static byte[] Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
