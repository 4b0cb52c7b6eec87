using System.Text;
using Suture.Build.Compile;
using Suture.Build.Match;
using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Link;

/// <summary>
/// Makes the livepatch module: joins the units with the template, describes what is replaced, lets the kernel's
/// objtool do what it does to every module, and gives symbols and relocations their livepatch form.
/// </summary>
/// <param name="kernel">The kernel that the livepatch is for.</param>
/// <param name="template">Its template.</param>
/// <param name="imageOf">The image of an object.</param>
/// <param name="shown">What units of the patch show to others that they kept to themselves: object and name.</param>
public sealed class LivepatchLinker(KernelBuild kernel, ModuleTemplate template, Func<string, ITargetImage> imageOf, IReadOnlySet<(string Owner, string Name)> shown)
{
    /// <summary>A finished module, or the findings that prevent it.</summary>
    /// <param name="Module">The bytes of the .ko; null when a finding is an error.</param>
    /// <param name="Functions">What it replaces and brings.</param>
    /// <param name="Findings">What there is to say.</param>
    public sealed record Result(byte[]? Module, IReadOnlyList<LivepatchFunction> Functions, IReadOnlyList<Finding> Findings);

    /// <summary>Links <paramref name="units"/> into the module <paramref name="moduleName"/>; <paramref name="workDirectory"/> holds the file objtool works on.</summary>
    public async Task<Result> LinkAsync(
        string moduleName, string patchName, IReadOnlyList<LinkUnit> units, bool replace, string workDirectory, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(units);
        var findings = new List<Finding>();
        var functions = new List<LivepatchFunction>();
        var replacements = ListFunctions(units, functions, findings);
        var declarations = Declarations.Of(units, findings);
        findings.AddRange(NewNames.Check(units));

        var binder = new SymbolBinder(kernel, imageOf, shown);
        foreach (var unit in units)
        {
            binder.Announce(unit);
        }
        var merger = new ObjectMerger(moduleName);
        var common = template.NewObject();
        var thisModule = common.Symbols.Find(s => s.Name == "__this_module")!;
        var forget = common.Symbols.Find(s => s.Name == ModuleTemplate.Forget);
        var description = PatchDescription.Build(template, replacements, declarations, replace, thisModule, forget);
        binder.Announce(description.Symbols.Find(s => s.Name == "suture_patch")!);
        merger.Add(common, "", s => binder.BindOwn(s.Name));
        foreach (var unit in units)
        {
            merger.Add(unit.Diff.Output!, unit.Owner, s => binder.Bind(unit, s));
        }
        merger.Add(description, "", s => s);
        var module = merger.Merged;
        binder.BindStaticCallKeys();
        module.Symbols.AddRange(binder.Undefined);
        findings.AddRange(binder.Findings);
        findings.AddRange(new SealedEntryPoints(kernel).TakenIn(module, binder.Livepatch, binder.WithoutEntry).Select(p => BuildFindings.Sealed(p.Name)));
        if (HasErrors(findings))
        {
            return new Result(null, functions, findings);
        }

        ModuleMetadata.SetName(module, template, moduleName);
        var objects = string.Join(',', PatchDescription.ObjectNames(replacements, declarations).Order(StringComparer.Ordinal));
        ModuleMetadata.AddInfo(module,
        [
            ("depends", ""), ("name", moduleName), ("description", $"livepatch {patchName}"),
            .. binder.Exported.Values.Select(e => e.Namespace).OfType<string>().Distinct().Order(StringComparer.Ordinal).Select(n => ("import_ns", n)),
            ("suture.patch", patchName), ("suture.replace", replace ? "Y" : "N"), ("suture.objects", objects),
        ]);
        if (kernel.Config.IsSet("CONFIG_MODVERSIONS"))
        {
            var layout = kernel.Exports.TryGet("module_layout", out var l) ? [l] : Array.Empty<ExportedSymbol>();
            ModuleMetadata.AddVersions(module, layout.Concat(binder.Exported.Values));
        }
        var processed = await RunObjtoolAsync(module, Path.Combine(workDirectory, moduleName + ".o"), findings, cancellation);
        if (processed is null)
        {
            return new Result(null, functions, findings);
        }
        findings.AddRange(LateTables.Drop(processed, binder.Livepatch, template));
        DropBuildOnly(processed);
        findings.AddRange(LivepatchRelocations.Apply(processed, binder.Livepatch, merger.Owners, template[ModuleTemplate.Field.AltSize]));
        var late = LivepatchRelocations.LateObjects(processed).Where(o => forget is not null && PatchDescription.ForgetAs(o, declarations) is null).ToList();
        if (late.Count > 0)
        {
            findings.Add(BuildFindings.NotLoadedAgain(late));
        }
        return new Result(HasErrors(findings) ? null : processed.Write(), functions, findings);
    }

    private static bool HasErrors(List<Finding> findings) => findings.Exists(f => f.Severity == Severity.Error);

    /// <summary>The functions to redirect; a target that is not proven to be the running one is an error.</summary>
    private static List<PatchDescription.Replacement> ListFunctions(
        IReadOnlyList<LinkUnit> units, List<LivepatchFunction> functions, List<Finding> findings)
    {
        var replacements = new List<PatchDescription.Replacement>();
        foreach (var unit in units)
        {
            foreach (var function in unit.Diff.Replaced)
            {
                var original = function.Twin!;
                var match = unit.Match.Functions[original];
                var place = unit.Match.Resolve(original);
                functions.Add(new LivepatchFunction(unit.Owner, original.Name, place?.SymPos ?? 0, Change.Changed, match.State));
                if (unit.OtherOwners.Count > 0)
                {
                    findings.Add(BuildFindings.SeveralModules(unit.Source, original.Name, unit.OtherOwners.Prepend(unit.Owner)));
                }
                foreach (var part in original.Parts.Prepend(original))
                {
                    var partMatch = unit.Match.Functions[part];
                    if (partMatch.State != MatchState.Identical)
                    {
                        findings.Add(partMatch.State == MatchState.Mismatch
                            ? BuildFindings.Mismatch(unit.Source, part.Name, unit.Owner, partMatch.Detail)
                            : BuildFindings.NotInImage(unit.Source, part.Name, unit.Owner));
                    }
                }
                if (place is null)
                {
                    if (match.State == MatchState.Identical)
                    {
                        findings.Add(BuildFindings.Ambiguous(unit.Source, original.Name, unit.Owner));
                    }
                    continue;
                }
                replacements.Add(new PatchDescription.Replacement(unit.Owner, place.Name, place.SymPos, unit.Diff.Symbols[function]));
            }
            functions.AddRange(unit.Diff.Included
                .Where(e => e is { Kind: ElementKind.Function, Change: Change.New, Parent: null })
                .Select(e => new LivepatchFunction(unit.Owner, e.Name, 0, Change.New, MatchState.Identical)));
        }
        return replacements;
    }

    private async Task<ElfObject?> RunObjtoolAsync(ElfObject module, string path, List<Finding> findings, CancellationToken cancellation)
    {
        await File.WriteAllBytesAsync(path, module.Write(), cancellation);
        if (kernel.ModuleObjtoolArguments.Count > 0)
        {
            var run = await ToolRun.Async([kernel.ObjtoolPath, .. kernel.ModuleObjtoolArguments, path], kernel.SourceTree, Path.GetDirectoryName(path)!, cancellation);
            // The livepatch core enters new functions by a return, not by an indirect call: they need no ENDBR.
            var words = string.Join('\n', (Encoding.UTF8.GetString(run.Output) + run.Errors).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Where(l => !l.Contains(".data.suture_patch+", StringComparison.Ordinal)).Take(10))
                .Replace(path, module.Name, StringComparison.Ordinal);
            if (run.ExitCode != 0)
            {
                findings.Add(BuildFindings.Objtool(words));
                return null;
            }
            if (words.Length > 0)
            {
                findings.Add(BuildFindings.ObjtoolWarning(words));
            }
        }
        return ElfObject.ReadFile(path);
    }

    /// <summary>Removes what only the build needs, as the kernel's module linker script does, and what nothing refers to.</summary>
    private static void DropBuildOnly(ElfObject module)
    {
        var dropped = module.Sections.FindAll(s => s.Name.StartsWith(".discard", StringComparison.Ordinal)
            || s.Name is "__patchable_function_entries" or ".comment" or ".export_symbol");
        module.Sections.RemoveAll(dropped.Contains);
        var used = module.Sections.SelectMany(s => s.Relocations).Select(r => r.Symbol).ToHashSet(ReferenceEqualityComparer.Instance);
        module.Symbols.RemoveAll(s => (s.Section is { } section && dropped.Contains(section)) || (s.IsUndefined && !used.Contains(s)));
    }
}
