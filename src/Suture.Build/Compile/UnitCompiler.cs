using Suture.Kernel;

using Suture.Build.Trees;

namespace Suture.Build.Compile;

/// <summary>How one compiler run for a unit ended.</summary>
/// <param name="Object">The object file, or null when the compiler refused.</param>
/// <param name="Errors">What it wrote.</param>
/// <param name="Milliseconds">How long it took; 0 when an earlier build had made it.</param>
/// <param name="Escapes">Directories that must be real in the shadow for the result to be right.</param>
internal sealed record UnitResult(string? Object, string Errors, long Milliseconds, IReadOnlyList<string> Escapes);

/// <summary>
/// Compiles units: the original in the prepared tree, once per kernel; the patched one in the shadow, with
/// <paramref name="patchedArguments"/> besides.
/// </summary>
internal sealed class UnitCompiler(SourceSite site, string workDirectory, IReadOnlyList<string> extraArguments, IReadOnlyList<string>? patchedArguments = null)
{
    private readonly OriginalStore _store = new(site);
    private readonly string _temporary = Directory.CreateDirectory(Path.Combine(workDirectory, "tmp")).FullName;

    /// <summary>Compiles the original source, or finds what an earlier build made of it.</summary>
    public async Task<UnitResult> OriginalAsync(CompileUnit unit, CancellationToken ct)
    {
        var kept = _store.PathOf(CompilerCommand.Compile(unit, extraArguments, "", ""), ".o");
        if (File.Exists(kept))
        {
            return new UnitResult(kept, "", 0, []);
        }
        var beside = _store.Temporary(kept);
        try
        {
            var run = await ToolRun.Async(CompilerCommand.Compile(unit, extraArguments, beside, beside + ".d"), site.Tree, _temporary, ct);
            if (run.ExitCode != 0)
            {
                return new UnitResult(null, run.Errors, run.Milliseconds, []);
            }
            OriginalStore.Keep(beside, kept);
            return new UnitResult(kept, run.Errors, run.Milliseconds, []);
        }
        finally
        {
            File.Delete(beside);
            File.Delete(beside + ".d");
        }
    }

    /// <summary>Compiles the patched source.</summary>
    public async Task<UnitResult> PatchedAsync(CompileUnit unit, ShadowTree shadow, CancellationToken ct)
    {
        var path = Path.GetFullPath(Path.Combine(workDirectory, "patched", unit.Object));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var run = await ToolRun.Async(CompilerCommand.Compile(unit, [.. extraArguments, .. patchedArguments ?? []], path, path + ".d"), shadow.Root, _temporary, ct);
        return new UnitResult(run.ExitCode == 0 ? path : null, run.Errors, run.Milliseconds, Escapes(path + ".d", shadow));
    }

    /// <summary>
    /// What the unit's code depends on (see <see cref="LiveCode"/>) before the patch, and whether it includes one of
    /// <paramref name="changed"/> at all; null when the preprocessor fails.
    /// </summary>
    public async Task<(ulong Digest, bool Includes)?> OriginalDigestAsync(CompileUnit unit, IReadOnlySet<string> changed, CancellationToken ct)
    {
        var kept = _store.PathOf(CompilerCommand.Preprocess(unit, ""), ".live");
        if (!File.Exists(kept))
        {
            var dependencies = Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
            var run = await ToolRun.Async(CompilerCommand.Preprocess(unit, dependencies), site.Tree, _temporary, ct);
            if (run.ExitCode != 0)
            {
                return null;
            }
            var beside = _store.Temporary(kept);
            await File.WriteAllLinesAsync(beside, [$"{LiveCode.Digest(run.Output):x16}", .. DependencyFile.Read(dependencies)], ct);
            OriginalStore.Keep(beside, kept);
            File.Delete(dependencies);
        }
        var lines = await File.ReadAllLinesAsync(kept, ct);
        var digest = Convert.ToUInt64(lines[0], 16);
        return (digest, lines.Skip(1).Any(d => changed.Contains(InTree(d))));
    }

    /// <summary>What the unit's code depends on after the patch; null digest when the preprocessor fails.</summary>
    public async Task<(ulong? Digest, IReadOnlyList<string> Escapes)> PatchedDigestAsync(CompileUnit unit, ShadowTree shadow, CancellationToken ct)
    {
        var dependencies = Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
        var run = await ToolRun.Async(CompilerCommand.Preprocess(unit, dependencies, patchedArguments ?? []), shadow.Root, _temporary, ct);
        var escapes = Escapes(dependencies, shadow);
        File.Delete(dependencies);
        return (run.ExitCode == 0 ? LiveCode.Digest(run.Output) : null, escapes);
    }

    private static string InTree(string dependency) => Path.GetFullPath("/" + dependency)[1..];

    private static List<string> Escapes(string dependencies, ShadowTree shadow) =>
        File.Exists(dependencies) ? [.. DependencyFile.Read(dependencies).Select(shadow.EscapeOf).OfType<string>().Distinct()] : [];
}
