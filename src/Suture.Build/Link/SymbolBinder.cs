using Suture.Build.Match;
using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Link;

/// <summary>
/// Decides what each undefined symbol of the livepatch is: defined by another unit of the patch, exported by
/// vmlinux (the module loader resolves it), or to be found by the livepatch core by object, name and position.
/// </summary>
/// <param name="kernel">The kernel that the livepatch is for.</param>
/// <param name="imageOf">The image of an object.</param>
/// <param name="shown">What units of the patch show to others that they kept to themselves: object and name.</param>
internal sealed class SymbolBinder(KernelBuild kernel, Func<string, ITargetImage> imageOf, IReadOnlySet<(string Owner, string Name)> shown)
{
    private readonly Dictionary<string, Symbol> _ownGlobals = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Owner, string Name), Symbol> _newGlobals = [];
    private readonly Dictionary<string, (string Owner, Symbol Symbol)> _newExports = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Symbol> _exported = new(StringComparer.Ordinal);
    private readonly Dictionary<KernelSymbolReference, Symbol> _livepatch = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Symbols that the livepatch core resolves, by the name they have until the module is finished.</summary>
    public Dictionary<string, KernelSymbolReference> Livepatch { get; } = new(StringComparer.Ordinal);

    /// <summary>Exported symbols that the module uses, by name.</summary>
    public SortedDictionary<string, ExportedSymbol> Exported { get; } = new(StringComparer.Ordinal);

    /// <summary>Functions in use that nothing but calls led to when they were compiled, so that they do not begin with ENDBR.</summary>
    public HashSet<KernelSymbolReference> WithoutEntry { get; } = [];

    /// <summary>What could not be resolved.</summary>
    public List<Finding> Findings { get; } = [];

    /// <summary>All undefined symbols handed out, in order of first use.</summary>
    public List<Symbol> Undefined { get; } = [];

    /// <summary>Makes the symbols that <paramref name="unit"/> defines known, before anything is bound.</summary>
    public void Announce(LinkUnit unit)
    {
        foreach (var symbol in unit.Diff.Output!.Symbols.Where(s => s.Section is not null && s.Name.Length > 0))
        {
            _names.Add(symbol.Name);
            if (symbol.Binding != SymbolBinding.Local)
            {
                _newGlobals[(unit.Owner, symbol.Name)] = symbol;
                if (NewNames.IsExported(unit, symbol.Name))
                {
                    _newExports[symbol.Name] = (unit.Owner, symbol);
                }
            }
        }
    }

    /// <summary>Makes a symbol known that Suture itself defines in the livepatch.</summary>
    public void Announce(Symbol symbol)
    {
        _names.Add(symbol.Name);
        _ownGlobals[symbol.Name] = symbol;
    }

    /// <summary>What the undefined <paramref name="symbol"/> of <paramref name="unit"/> becomes.</summary>
    public Symbol Bind(LinkUnit unit, Symbol symbol)
    {
        var original = unit.Diff.Externals[symbol];
        if (original is null && OfThePatch(unit, symbol.Name) is { } own)
        {
            return own;
        }
        if (original is { IsGlobal: false, Kind: ElementKind.Function } && unit.Match.Functions.TryGetValue(original, out var match) && match.State != MatchState.Identical)
        {
            // One of its name runs, which may take other arguments: what the compiler makes of a function of one unit is its own affair.
            Findings.Add(BuildFindings.Mismatch(unit.Source, original.Name, unit.Owner, match.Detail));
        }
        // A module's own comes before what vmlinux exports by its name.
        var isOwn = unit.Owner != "vmlinux" && (original is not null || unit.Image.IsShared(symbol.Name));
        if (!isOwn && (original is null || original.IsGlobal) && kernel.Exports.TryGet(symbol.Name, out var export) && IsForAll(export))
        {
            return UseExport(export);
        }
        if (Locate(unit, symbol.Name, original) is { } place)
        {
            DemandHeld(unit, symbol.Name, place.Object);
            if (original is { IsGlobal: false, Kind: ElementKind.Function } && !SealedEntryPoints.HasEntry(original))
            {
                WithoutEntry.Add(place);
            }
            return UseLivepatch(place);
        }
        Findings.Add(BuildFindings.Unresolved(unit.Source, symbol.Name, unit.Owner));
        return UseLivepatch(new KernelSymbolReference(unit.Owner, symbol.Name, 0));
    }

    /// <summary>A symbol that Suture's own template needs: Suture defines it, or it must be exported.</summary>
    public Symbol BindOwn(string name) => _ownGlobals.TryGetValue(name, out var own) ? own : BindExport(name);

    /// <summary>A symbol that must be exported.</summary>
    public Symbol BindExport(string name)
    {
        if (kernel.Exports.TryGet(name, out var export) && IsForAll(export))
        {
            return UseExport(export);
        }
        if (imageOf("vmlinux").FindGlobal(name) is { } place)
        {
            return UseLivepatch(place);
        }
        Findings.Add(BuildFindings.Unresolved("template.c", name, "vmlinux"));
        return UseLivepatch(new KernelSymbolReference("vmlinux", name, 0));
    }

    /// <summary>
    /// objtool looks up the key of every static call by name; kernels often export only the trampoline. A module's
    /// key is where its trampoline is.
    /// </summary>
    public void BindStaticCallKeys()
    {
        foreach (var trampoline in Undefined.Where(s => s.Name.StartsWith("__SCT__", StringComparison.Ordinal)).ToList())
        {
            var key = "__SCK__" + trampoline.Name["__SCT__".Length..];
            if (Livepatch.TryGetValue(trampoline.Name, out var place) && place.Object != "vmlinux" && imageOf(place.Object).FindGlobal(key) is { } beside)
            {
                UseLivepatch(beside);
            }
            else
            {
                BindExport(key);
            }
        }
    }

    /// <summary>Whether the module loader gives it to a livepatch. What is exported for named modules alone it does not, and refuses whoever asks by import_ns.</summary>
    private static bool IsForAll(ExportedSymbol export) => export is { Module: "vmlinux" } && export.Namespace?.StartsWith("module:", StringComparison.Ordinal) != true;

    /// <summary>What the livepatch defines under that name, where <paramref name="unit"/> can see it: Suture, its own object, or another one that exports it and is not hidden by its own.</summary>
    private Symbol? OfThePatch(LinkUnit unit, string name)
    {
        if (_ownGlobals.TryGetValue(name, out var own) || _newGlobals.TryGetValue((unit.Owner, name), out own))
        {
            return own;
        }
        if (!_newExports.TryGetValue(name, out var export) || unit.Image.IsShared(name))
        {
            return null;
        }
        DemandHeld(unit, name, export.Owner);
        return export.Symbol;
    }

    /// <summary>Code of one module may use another's only where that is loaded before and cannot go away: the kernel knows of no use by a livepatch.</summary>
    private void DemandHeld(LinkUnit unit, string name, string owner)
    {
        if (owner != "vmlinux" && owner != unit.Owner && !kernel.Modules.Holds(unit.Owner, owner))
        {
            Findings.Add(BuildFindings.NotHeld(unit.Source, name, unit.Owner, owner));
        }
    }

    /// <summary>The symbol that the units of an object know by that name, with what units of the patch begin to show.</summary>
    private KernelSymbolReference? FindGlobal(ITargetImage image, string name) =>
        image.FindGlobal(name) ?? (shown.Contains((image.Object, name)) ? image.FindOnly(name) : null);

    private KernelSymbolReference? Locate(LinkUnit unit, string name, Element? original)
    {
        if (original is not null)
        {
            return unit.Match.Resolve(original);
        }
        // What a unit begins to show is no export: it is not what all modules know by that name.
        var exported = kernel.Exports.TryGet(name, out var export);
        if (FindGlobal(unit.Image, name) is { } inOwner && (!exported || export.Module == unit.Owner || unit.Owner == "vmlinux" || unit.Image.IsShared(name)))
        {
            return inOwner;
        }
        return exported
            ? imageOf(export.Module).FindGlobal(name)
            : unit.Owner != "vmlinux" ? FindGlobal(imageOf("vmlinux"), name) : null;
    }

    private Symbol UseExport(ExportedSymbol export)
    {
        if (!_exported.TryGetValue(export.Name, out var symbol))
        {
            _exported[export.Name] = symbol = NewUndefined(export.Name);
            Exported[export.Name] = export;
        }
        return symbol;
    }

    private Symbol UseLivepatch(KernelSymbolReference place)
    {
        if (!_livepatch.TryGetValue(place, out var symbol))
        {
            // objtool knows some functions by name, so the plain name is kept while it is free. That of an export may be needed for the export.
            var name = place.Name;
            for (var i = 2; _names.Contains(name) || (kernel.Exports.TryGet(name, out var export) && IsForAll(export)); i++)
            {
                name = $"{place.Name}.suture{i}";
            }
            _livepatch[place] = symbol = NewUndefined(name);
            Livepatch[name] = place;
        }
        return symbol;
    }

    private Symbol NewUndefined(string name)
    {
        _names.Add(name);
        var symbol = new Symbol(name) { Binding = SymbolBinding.Global };
        Undefined.Add(symbol);
        return symbol;
    }
}
