using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Suture.Build.Patches;
using Suture.Build.Trees;
using Suture.Kernel;

namespace Suture.Build.Compile;

/// <summary>
/// Assembly sources that are made of a changed header. No livepatch can carry what changes in them, so it must be known to be nothing:
/// all that changes is kept from assembly, or each of them is the same text when preprocessed.
/// </summary>
public static partial class AssemblyConsumers
{
    private const int MostRounds = 8;

    /// <summary>Sources that a finding names.</summary>
    private const int MostNamed = 3;

    /// <summary>The files of <paramref name="files"/> in which something changes that assembly may see, each with the assembly sources that are made of it.</summary>
    internal static IReadOnlyDictionary<string, IReadOnlyList<string>> Seeing(IEnumerable<PatchedFile> files, IncludeGraph assembly) => files
        .Where(f => assembly.Contains(f.Path) && !IsSource(f.Path) && AssemblyText.Visible(f.Original) != AssemblyText.Visible(f.Patched))
        .ToDictionary(f => f.Path, f => (IReadOnlyList<string>)[.. assembly.IncludersOf([f.Path]).Where(IsSource).Order(StringComparer.Ordinal)]);

    /// <summary>The plan, refusing the changed files that change what assembly is made of.</summary>
    /// <param name="plan">From <see cref="CompilePlanner"/>.</param>
    /// <param name="workDirectory">A directory of this build's own.</param>
    /// <param name="ct">Kills the preprocessors.</param>
    public static async Task<CompilePlan> JudgeAsync(CompilePlan plan, string workDirectory, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.SeenByAssembly.Count == 0)
        {
            return plan;
        }
        var byDirectory = plan.Site.Units.ToLookup(u => Path.GetDirectoryName(u.TreePath) ?? "");
        // What lies where nothing is built is but included by others.
        var sources = plan.SeenByAssembly.Values.SelectMany(s => s).Distinct().Where(s => byDirectory.Contains(Path.GetDirectoryName(s) ?? "")).ToList();
        var files = plan.Application.Files.ToDictionary(f => f.Path, f => f.Patched);
        var shadow = ShadowTree.Create(plan.Site.Tree, Path.Combine(workDirectory, "assembly"), files, sources.Select(s => Path.GetDirectoryName(s) ?? ""));
        var temporary = Directory.CreateDirectory(Path.Combine(workDirectory, "assembly-tmp")).FullName;
        var changed = new HashSet<string>(StringComparer.Ordinal);
        await Parallelism.ForEachAsync(sources, async source =>
        {
            // No command of an assembly source is recorded. What matters to a preprocessor is as for the C beside it.
            var beside = byDirectory[Path.GetDirectoryName(source) ?? ""].ToList();
            var unit = AsAssembly(beside.Find(u => !u.IsBeforeKernel) ?? beside[0], source);
            var original = await OriginalAsync(unit, plan.Site, temporary, ct);
            // Beside drivers lies assembly of other architectures, which lacks their headers here.
            if (original is null ? source.StartsWith("arch/", StringComparison.Ordinal) : await PatchedAsync(unit, shadow, temporary, ct) != original)
            {
                lock (changed)
                {
                    changed.Add(source);
                }
            }
        }, ct);
        var refused = plan.SeenByAssembly.Where(f => f.Value.Any(changed.Contains)).Select(f => Refused(plan, f.Key, [.. f.Value.Where(changed.Contains)]));
        return plan with { Unsupported = [.. plan.Unsupported, .. refused] };
    }

    private static bool IsSource(string path) => path.EndsWith(".S", StringComparison.Ordinal);

    private static CompileUnit AsAssembly(CompileUnit unit, string source) => unit with
    {
        Source = source,
        Arguments = [.. unit.Arguments.Where(a => a != unit.Source), "-D__ASSEMBLY__", .. source.EndsWith(".lds.S", StringComparison.Ordinal) ? (string[])["-DLINKER_SCRIPT"] : [],
            "-x", "assembler-with-cpp"],
    };

    private static async Task<string?> OriginalAsync(CompileUnit unit, SourceSite site, string temporary, CancellationToken ct)
    {
        var store = new OriginalStore(site);
        var place = store.PathOf(CompilerCommand.Preprocess(unit, ""), ".assembly");
        if (File.Exists(place))
        {
            return await File.ReadAllTextAsync(place, ct);
        }
        var (digest, _) = await PreprocessAsync(unit, site.Tree, temporary, ct);
        if (digest is not null)
        {
            var beside = store.Temporary(place);
            await File.WriteAllTextAsync(beside, digest, ct);
            OriginalStore.Keep(beside, place);
        }
        return digest;
    }

    private static async Task<string?> PatchedAsync(CompileUnit unit, ShadowTree shadow, string temporary, CancellationToken ct)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            var (digest, dependencies) = await PreprocessAsync(unit, shadow.Root, temporary, ct);
            lock (shadow)
            {
                var escapes = dependencies.Select(shadow.EscapeOf).OfType<string>().Distinct().ToList();
                if (escapes.Count == 0)
                {
                    return digest;
                }
                escapes.ForEach(shadow.Materialise);
            }
        }
        return null;
    }

    private static async Task<(string? Digest, IReadOnlyList<string> Dependencies)> PreprocessAsync(CompileUnit unit, string tree, string temporary, CancellationToken ct)
    {
        var rule = Path.Combine(temporary, Guid.NewGuid().ToString("N"));
        var run = await ToolRun.Async(CompilerCommand.Preprocess(unit, rule), tree, temporary, ct);
        var dependencies = File.Exists(rule) ? DependencyFile.Read(rule) : [];
        File.Delete(rule);
        // Line by line, as a line is a statement.
        var lines = Encoding.Latin1.GetString(run.Output).Split('\n').Select(l => Blanks().Replace(l.Trim(), " ")).Where(l => l.Length > 0);
        return (run.ExitCode == 0 ? Convert.ToHexString(SHA256.HashData(Encoding.Latin1.GetBytes(string.Join('\n', lines)))) : null, dependencies);
    }

    private static UnsupportedChange Refused(CompilePlan plan, string path, IReadOnlyList<string> sources)
    {
        var place = plan.Application.Files.First(f => f.Path == path).Origins.FirstOrDefault(o => o.IsAdded);
        var named = string.Join(", ", sources.Take(MostNamed)) + (sources.Count > MostNamed ? ", …" : "");
        return new UnsupportedChange(UnsupportedKind.Assembly, true, place.Patch ?? path, place.PatchLine, path,
            $"it changes assembly code ({named}), which has no function entry that can be patched live", "leave this part out of the live patch if the rest works without it");
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
