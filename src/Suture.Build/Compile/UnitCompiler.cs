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
/// <paramref name="patchedArguments"/> besides, kept in <paramref name="kept"/> when there is such: those of sources only with <paramref name="keepAll"/>.
/// Both with type information where <paramref name="withTypes"/> and the unit may see other types.
/// </summary>
internal sealed class UnitCompiler(
    SourceSite site, string workDirectory, IReadOnlyList<string> extraArguments, IReadOnlyList<string>? patchedArguments = null, PatchedStore? kept = null, bool keepAll = false,
    bool withTypes = false)
{
    private readonly OriginalStore _store = new(site);
    private readonly string _temporary = Directory.CreateDirectory(Path.Combine(workDirectory, "tmp")).FullName;

    /// <summary>One that keeps nothing: for when the shadow has other bytes than it was made with.</summary>
    public UnitCompiler Forgetful() => new(site, workDirectory, extraArguments, patchedArguments, withTypes: withTypes);

    /// <summary>Compiles the original source, or finds what an earlier build made of it.</summary>
    public Task<UnitResult> OriginalAsync(PlannedUnit planned, CancellationToken ct) => OriginalAsync(planned.Unit, Arguments(planned), ct);

    /// <summary>The same for a unit of no plan, which has no types to compare.</summary>
    public Task<UnitResult> OriginalAsync(CompileUnit unit, CancellationToken ct) => OriginalAsync(unit, extraArguments, ct);

    private async Task<UnitResult> OriginalAsync(CompileUnit unit, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var place = _store.PathOf(CompilerCommand.Compile(unit, arguments, "", ""), ".o");
        if (File.Exists(place))
        {
            return new UnitResult(place, "", 0, []);
        }
        var beside = _store.Temporary(place);
        try
        {
            var run = await ToolRun.Async(CompilerCommand.Compile(unit, arguments, beside, beside + ".d"), site.Tree, _temporary, ct);
            if (run.ExitCode != 0)
            {
                return new UnitResult(null, run.Errors, run.Milliseconds, []);
            }
            OriginalStore.Keep(beside, place);
            return new UnitResult(place, run.Errors, run.Milliseconds, []);
        }
        finally
        {
            File.Delete(beside);
            File.Delete(beside + ".d");
        }
    }

    /// <summary>Compiles the patched source.</summary>
    public async Task<UnitResult> PatchedAsync(PlannedUnit planned, ShadowTree shadow, CancellationToken ct)
    {
        var unit = planned.Unit;
        IReadOnlyList<string> arguments = [.. Arguments(planned), .. patchedArguments ?? []];
        var key = CompilerCommand.Compile(unit, arguments, "", "");
        var path = Path.GetFullPath(Path.Combine(workDirectory, "patched", unit.Object));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (kept?.CopyObject(key, path) == true)
        {
            return new UnitResult(path, "", 0, []);
        }
        var run = await ToolRun.Async(CompilerCommand.Compile(unit, arguments, path, path + ".d"), shadow.Root, _temporary, ct);
        var escapes = Escapes(path + ".d", shadow);
        if (run.ExitCode == 0 && escapes.Count == 0 && (keepAll || planned.Reason == UnitReason.Includes))
        {
            kept?.KeepObject(key, path, DependencyFile.Read(path + ".d"));
        }
        return new UnitResult(run.ExitCode == 0 ? path : null, run.Errors, run.Milliseconds, escapes);
    }

    /// <summary>
    /// What the unit's code depends on (see <see cref="LiveCode"/>) before the patch, and whether it includes one of
    /// <paramref name="changed"/> at all; null when the preprocessor fails.
    /// </summary>
    public async Task<(ulong Digest, bool Includes)?> OriginalDigestAsync(CompileUnit unit, IReadOnlySet<string> changed, CancellationToken ct)
    {
        var place = _store.PathOf(CompilerCommand.Preprocess(unit, ""), "." + LiveCode.Rules);
        if (!File.Exists(place))
        {
            var dependencies = Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
            var run = await ToolRun.Async(CompilerCommand.Preprocess(unit, dependencies), site.Tree, _temporary, ct);
            if (run.ExitCode != 0)
            {
                return null;
            }
            var beside = _store.Temporary(place);
            await File.WriteAllLinesAsync(beside, [$"{LiveCode.Digest(run.Output):x16}", .. DependencyFile.Read(dependencies)], ct);
            OriginalStore.Keep(beside, place);
            File.Delete(dependencies);
        }
        var lines = await File.ReadAllLinesAsync(place, ct);
        var digest = Convert.ToUInt64(lines[0], 16);
        return (digest, lines.Skip(1).Any(d => changed.Contains(InTree(d))));
    }

    /// <summary>What the unit's code depends on after the patch; null digest when the preprocessor fails.</summary>
    public async Task<(ulong? Digest, IReadOnlyList<string> Escapes)> PatchedDigestAsync(CompileUnit unit, ShadowTree shadow, CancellationToken ct)
    {
        string[] key = [.. CompilerCommand.Preprocess(unit, "", patchedArguments ?? []), LiveCode.Rules];
        if (kept?.Find(key) is { } known)
        {
            return (Convert.ToUInt64(known, 16), []);
        }
        var dependencies = Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
        var run = await ToolRun.Async(CompilerCommand.Preprocess(unit, dependencies, patchedArguments ?? []), shadow.Root, _temporary, ct);
        var escapes = Escapes(dependencies, shadow);
        ulong? digest = run.ExitCode == 0 ? LiveCode.Digest(run.Output) : null;
        if (digest is { } value && escapes.Count == 0)
        {
            kept?.KeepWord(key, $"{value:x16}", DependencyFile.Read(dependencies));
        }
        File.Delete(dependencies);
        return (digest, escapes);
    }

    private IReadOnlyList<string> Arguments(PlannedUnit planned) => withTypes && planned.MaySeeOtherTypes ? [.. CompilerCommand.TypeInformation(planned.Unit), .. extraArguments] : extraArguments;

    private static string InTree(string dependency) => Path.GetFullPath("/" + dependency)[1..];

    private static List<string> Escapes(string dependencies, ShadowTree shadow) =>
        File.Exists(dependencies) ? [.. DependencyFile.Read(dependencies).Select(shadow.EscapeOf).OfType<string>().Distinct()] : [];
}
