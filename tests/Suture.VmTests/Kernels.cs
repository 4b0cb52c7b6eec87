using System.Collections.Concurrent;
using Shouldly;

namespace Suture.VmTests;

/// <summary>The kernels that the archive offers now; nothing is pinned, for old releases vanish.</summary>
internal static class Kernels
{
    private static readonly Lazy<List<string>> Offered = new(List);
    private static readonly ConcurrentDictionary<string, Lazy<string>> Fetched = new(StringComparer.Ordinal);

    /// <summary>Series under test.</summary>
    public static readonly string[] Series = ["6.1", "6.12"];

    /// <summary>Cloud kernel releases of <paramref name="series"/> in the archive, newest first.</summary>
    public static IReadOnlyList<string> All(string series) => [.. Offered.Value.Where(r => r.StartsWith(series + ".", StringComparison.Ordinal))];

    /// <summary>The newest release of <paramref name="series"/>, in the cache.</summary>
    public static string Newest(string series) => Get(All(series)[0]);

    /// <summary>Puts <paramref name="release"/> into the cache and returns it.</summary>
    public static string Get(string release) => Fetched.GetOrAdd(release, r => new Lazy<string>(() =>
    {
        var result = SutureProgram.Run("kernel", "get", r, "--json");
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Json.GetProperty("release").GetString()!;
    })).Value;

    /// <summary>Directory of a cached release.</summary>
    public static string DirectoryOf(string release)
    {
        var result = SutureProgram.Run("kernel", "get", release, "--json");
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Json.GetProperty("directory").GetString()!;
    }

    private static List<string> List()
    {
        var result = SutureProgram.Run("kernel", "list", "--json");
        result.ExitCode.ShouldBe(0, result.ToString());
        return [.. result.Json.GetProperty("kernels").EnumerateArray()
            .Where(k => k.GetProperty("archive").GetBoolean())
            .Select(k => k.GetProperty("release").GetString()!)
            .Where(r => r.EndsWith("-cloud-amd64", StringComparison.Ordinal))
            .OrderByDescending(Numbers, Comparer<int[]>.Create((a, b) => a.Zip(b).Select(p => p.First.CompareTo(p.Second)).FirstOrDefault(c => c != 0)))];
    }

    private static int[] Numbers(string release)
    {
        // 6.1.0-56-cloud-amd64 and 6.12.117+deb12-cloud-amd64: version, then ABI number or 0.
        var parts = release.Replace("+deb12", "-0", StringComparison.Ordinal).Split('.', '-');
        return [.. parts.Take(4).Select(p => int.TryParse(p, out var n) ? n : 0)];
    }
}
