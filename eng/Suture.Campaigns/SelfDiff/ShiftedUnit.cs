using Suture.Build.Compile;
using Suture.Build.Trees;
using Suture.Kernel;

namespace Suture.Campaigns.SelfDiff;

/// <summary>
/// Compiles a unit whose source was changed as text, without the #line directives of a build: so the compiler sees other
/// line numbers, as it does when somebody compiles a patched tree by hand.
/// </summary>
internal static class ShiftedUnit
{
    private const int MostRounds = 8;

    /// <summary>Ten blank lines.</summary>
    public static byte[] TenBlankLines(byte[] source) => [.. "\n\n\n\n\n\n\n\n\n\n"u8, .. source];

    /// <summary>The object's bytes, or null and what the compiler said.</summary>
    public static async Task<(byte[]? Object, string Errors)> CompileAsync(
        SourceSite site, CompileUnit unit, Func<byte[], byte[]> change, CancellationToken cancellation)
    {
        var work = Directory.CreateTempSubdirectory("suture-shifted-").FullName;
        try
        {
            var changed = change(await File.ReadAllBytesAsync(Path.Combine(site.Tree, unit.TreePath), cancellation));
            var shadow = ShadowTree.Create(site.Tree, Path.Combine(work, "shadow"), new Dictionary<string, byte[]> { [unit.TreePath] = changed }, []);
            var compiler = new UnitCompiler(site, work, []);
            for (var round = 0; ; round++)
            {
                var result = await compiler.PatchedAsync(new PlannedUnit(unit, UnitReason.Source), shadow, cancellation);
                if (result.Escapes.Count == 0 || round == MostRounds)
                {
                    return result.Object is null ? (null, result.Errors)
                        : result.Escapes.Count > 0 ? (null, $"still includes the unchanged file after {MostRounds} tries")
                        : (await File.ReadAllBytesAsync(result.Object, cancellation), "");
                }
                // It includes itself by way of another directory, which must be a real one then.
                result.Escapes.ToList().ForEach(shadow.Materialise);
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }
}
