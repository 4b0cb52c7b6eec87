using Suture.Build.Compile;
using Suture.Build.Link;
using Suture.Diff;
using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;
using Suture.Verify;
using static Suture.Build.Link.ModuleTemplate;

namespace Suture.Build.Verification;

/// <summary>
/// Gives the verifier what it needs (the compiler's objects, the kernel, the finished module) and the engine's claims, and
/// puts the verifier's expectation into a module that stood up to it.
/// </summary>
internal sealed class OutputVerification(KernelBuild kernel, ModuleTemplate template)
{
    private const int MaxFindings = 20;

    /// <summary>The module with its expectation, or findings that say where it is not what it must be.</summary>
    public sealed record Result(byte[]? Module, Manifest? Expectation, IReadOnlyList<Finding> Findings);

    /// <summary>
    /// Verifies <paramref name="module"/>, linked from <paramref name="units"/>. <paramref name="diffs"/> has all units whose objects
    /// differ, also those in which the engine found nothing to do, with its claims; <paramref name="processed"/> is what objtool made of the module.
    /// </summary>
    public Result Run(byte[] module, string name, bool replace, IReadOnlyDictionary<CompiledUnit, UnitClaims> diffs, IReadOnlyList<LinkUnit> units, byte[] processed)
    {
        var running = new KernelUnderCheck(kernel);
        var (manifest, omissions) = Expectation.Derive(Terms(name, replace, processed), [CommonPart(), .. diffs.Select(d => Pair(d.Key, d.Value))], running);
        if (omissions.Count > 0)
        {
            return new Result(null, manifest, [.. omissions.Take(MaxFindings).Select(BuildFindings.Omitted)]);
        }
        manifest = WithClaims(manifest, units);
        var first = ModuleCheck.Run(RelocatableFile.Read(module, name), manifest, running);
        if (!first.Verified)
        {
            return new Result(null, manifest, [.. first.Faults.Take(MaxFindings).Select(BuildFindings.NotAsExpected)]);
        }
        manifest = manifest with { Running = [.. manifest.Running.Select((s, i) => first.Claims.TryGetValue(i, out var position) ? s with { SymPos = position } : s)] };
        var withManifest = Embed(module, name, manifest);
        var last = ModuleCheck.Run(RelocatableFile.Read(withManifest, name), manifest, running);
        return new Result(last.Verified ? withManifest : null, manifest, [.. last.Faults.Take(MaxFindings).Select(BuildFindings.NotAsExpected)]);
    }

    private ModuleTerms Terms(string name, bool replace, byte[] processed) => new()
    {
        Module = name,
        Replace = replace,
        Layout = new PatchLayout(template[Field.PatchSize], template[Field.PatchMod], template[Field.PatchObjs], template[Field.PatchReplace],
            template[Field.ObjectSize], template[Field.ObjectName], template[Field.ObjectFuncs],
            template[Field.FuncSize], template[Field.FuncOldName], template[Field.FuncNewFunc], template[Field.FuncOldSymPos],
            [template[Field.ObjectPrePatch], template[Field.ObjectPostPatch], template[Field.ObjectPreUnpatch], template[Field.ObjectPostUnpatch]],
            template[Field.PatchStates], template[Field.StateSize], template[Field.StateId], template[Field.StateVersion], template[Field.StateData]),
        NameField = (template[Field.ModuleName], template[Field.ModuleNameSize]),
        EntrySizes = EntrySizes(),
        Generated = GeneratedTables(),
        // Before Linux 5.19 objtool wrote this table without being told to; since then without the option it does not.
        Possible = new HashSet<string>(kernel.ModuleObjtoolArguments.Contains("--static-call") ? Array.Empty<string>() : [".static_call_sites"], StringComparer.Ordinal),
        HasVersions = kernel.Config.IsSet("CONFIG_MODVERSIONS"),
        Info = [.. ModuleCheck.InfoOf(RelocatableFile.Read(template.ObjectBytes.ToArray(), "template.o")), $"name={name}", $"suture.replace={(replace ? "Y" : "N")}"],
        Processed = processed,
    };

    private Dictionary<string, int> EntrySizes()
    {
        var sizes = template.EntrySizes;
        return new (string Section, string Option)[]
        {
            (".altinstructions", "alt"), ("__bug_table", "bug"), ("__ex_table", "ex"), ("__jump_table", "jump"), (".parainstructions", "para"),
        }.Where(p => sizes.ContainsKey(p.Option)).ToDictionary(p => p.Section, p => sizes[p.Option], StringComparer.Ordinal);
    }

    /// <summary>The tables that this kernel's objtool adds to modules, from the options that the kernel's build gives it.</summary>
    private HashSet<string> GeneratedTables() => [.. new (string Option, string Table)[]
    {
        ("--rethunk", ".return_sites"), ("--retpoline", ".retpoline_sites"), ("--static-call", ".static_call_sites"), ("--mcount", "__mcount_loc"),
    }.Where(p => kernel.ModuleObjtoolArguments.Contains(p.Option)).Select(p => p.Table)];

    private UnitPair CommonPart() => new() { Unit = "template.o", Owner = "", Patched = () => template.ObjectBytes.ToArray() };

    private static UnitPair Pair(CompiledUnit unit, UnitClaims claims) => new()
    {
        Unit = unit.Unit.TreePath,
        Owner = unit.Unit.Owner,
        Original = () => File.ReadAllBytes(unit.OriginalObject),
        Patched = () => File.ReadAllBytes(unit.PatchedObject),
        Replaced = claims.Replaced,
        Included = claims.Included,
        Roots = claims.Roots,
        LeftOut = claims.LeftOut,
        LinesMoved = claims.LinesMoved,
        Callbacks = claims.Callbacks,
        States = claims.States,
    };

    /// <summary>
    /// Where the verifier cannot tell on its own which of several symbols is meant, the place that matching found counts: it is
    /// noted here and binds the module from now on.
    /// </summary>
    private static Manifest WithClaims(Manifest manifest, IReadOnlyList<LinkUnit> units) => manifest with
    {
        Replacements = [.. manifest.Replacements.Select(r => r.SymPos >= 0 ? r : r with { SymPos = Claimed(r, manifest.Pieces[r.Piece].Unit, units) })],
    };

    private static int Claimed(Replacement replacement, string unit, IReadOnlyList<LinkUnit> units) =>
        units.Where(u => u.Owner == replacement.Object && u.Source == unit).SelectMany(u => u.Diff.Replaced.Select(f => u.Match.Resolve(f.Twin!)))
            .FirstOrDefault(p => p?.Name == replacement.Name)?.SymPos ?? 0;

    private static byte[] Embed(byte[] module, string name, Manifest manifest)
    {
        var elf = ElfObject.Read(module, name);
        elf.Sections.Add(new Section(Manifest.SectionName, SectionType.ProgBits, 0) { Data = manifest.ToBytes() });
        return elf.Write();
    }
}
