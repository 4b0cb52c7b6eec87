using System.Text;

namespace Suture.Verify;

/// <summary>
/// Derives from pairs of objects what a livepatch module must hold. From the engine it takes only names, as claims: which
/// functions are replaced. Everything else, and whether the claims are complete, comes from the compiler's objects.
/// </summary>
public sealed class Expectation
{
    /// <summary>Index of the klp_patch among the pieces.</summary>
    private const int PatchPiece = 0;

    private const string Trampoline = "__SCT__";

    private readonly ModuleTerms _terms;
    private readonly IRunningKernel _kernel;
    private readonly SortedDictionary<string, int> _sizes = new(StringComparer.Ordinal);
    private readonly List<Unit> _units = [];
    private readonly Dictionary<Piece, int> _index = [];
    private readonly List<ExpectedPiece?> _pieces = [];
    private readonly Queue<(Unit Unit, Piece Piece)> _work = new();
    private readonly HashSet<Piece> _required = [];
    private readonly List<RunningSymbol> _running = [];
    private readonly Dictionary<string, int> _runningIndex = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Owner, string Name), (Unit Unit, Piece Piece)> _newGlobals = [];
    private readonly Dictionary<string, (Unit Unit, Piece Piece)> _newExports = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Owner, string Name), (Unit Unit, Piece Piece)> _madeGlobal = [];
    private readonly List<Replacement> _replacements = [];
    private readonly List<ExpectedCallback> _callbacks = [];
    private readonly List<ExpectedState> _states = [];
    private readonly List<string> _omissions = [];

    private sealed record Unit(UnitPair Pair, CompiledObject? Original, CompiledObject Patched, PairComparison? Comparison, RunningPlaces? Places)
    {
        public bool IsNew(Piece piece) => Comparison is null || Comparison.Twins(piece).Count == 0;
    }

    private Expectation(ModuleTerms terms, IRunningKernel kernel)
    {
        (_terms, _kernel) = (terms, kernel);
        foreach (var (name, size) in TableSections.FixedSizes.Concat(terms.EntrySizes))
        {
            _sizes[name] = size;
        }
    }

    /// <summary>Derives it for a module of <paramref name="units"/>.</summary>
    /// <exception cref="DamagedFileException">An object cannot be read.</exception>
    public static ExpectationResult Derive(ModuleTerms terms, IReadOnlyList<UnitPair> units, IRunningKernel kernel)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(units);
        ArgumentNullException.ThrowIfNull(kernel);
        return new Expectation(terms, kernel).Run(units);
    }

    private ExpectationResult Run(IReadOnlyList<UnitPair> units)
    {
        _pieces.Add(new ExpectedPiece("", "", PieceKind.Patch, "suture_patch", "", true, 0, _terms.Layout.PatchSize, "", [], []));
        _units.AddRange(units.Select(Open));
        // Not of the common part: a unit that names its module means the one that it was compiled for.
        foreach (var unit in _units.Where(u => u.Comparison is not null))
        {
            Announce(unit);
        }
        foreach (var unit in _units)
        {
            ChooseRoots(unit);
        }
        ExpectForgetting();
        while (_work.TryDequeue(out var next))
        {
            _pieces[_index[next.Piece]] = Describe(next.Unit, next.Piece);
        }
        return new ExpectationResult(new Manifest
        {
            Format = Manifest.CurrentFormat,
            Module = _terms.Module,
            Release = _kernel.Release,
            BuildId = _kernel.BuildId,
            Replace = _terms.Replace,
            Layout = _terms.Layout,
            EntrySizes = _sizes,
            Replacements = _replacements,
            Callbacks = _callbacks.Count > 0 ? _callbacks : null,
            States = _states.Count > 0 ? [.. _states.OrderBy(s => s.Id)] : null,
            Pieces = [.. _pieces.Select(p => p!)],
            Running = _running,
            Versions = _terms.HasVersions ? Versions() : null,
            Info = _terms.Info,
            Objtool = ObjtoolTables.List(RelocatableFile.Read(_terms.Processed, _terms.Module + ".o")),
        }, _omissions);
    }

    private SortedDictionary<string, uint> Versions()
    {
        var versions = new SortedDictionary<string, uint>(StringComparer.Ordinal);
        foreach (var name in _running.Where(r => !r.Local).SelectMany(r => r.Names).Append("module_layout"))
        {
            if (_kernel.Export(name) is { Owner: "vmlinux" } export)
            {
                versions[name] = export.Crc;
            }
        }
        return versions;
    }

    private Unit Open(UnitPair pair)
    {
        var patched = CompiledObject.Read(RelocatableFile.ReadLoaded(pair.Patched(), pair.Unit + " (patched)"), _sizes);
        if (pair.Original is null)
        {
            return new Unit(pair, null, patched, null, null);
        }
        var original = CompiledObject.Read(RelocatableFile.ReadLoaded(pair.Original(), pair.Unit), _sizes);
        return new Unit(pair, original, patched, new PairComparison(original, patched), new RunningPlaces(original, pair.Owner, _kernel));
    }

    /// <summary>Takes down what other units see of <paramref name="unit"/> that the running kernel does not show them: what is new, and what was static before.</summary>
    private void Announce(Unit unit)
    {
        foreach (var piece in unit.Patched.Named.Where(p => !TableSections.IsBootOnly(p.Section.Name)))
        {
            var twins = unit.Comparison!.Twins(piece);
            foreach (var symbol in piece.Symbols.Where(s => s.IsGlobal && !twins.Any(t => t.IsGlobal)))
            {
                (twins.Count == 0 ? _newGlobals : _madeGlobal).TryAdd((unit.Pair.Owner, symbol.Name), (unit, piece));
                if (twins.Count == 0 && unit.Patched.Exports(symbol.Name))
                {
                    _newExports.TryAdd(symbol.Name, (unit, piece));
                }
            }
        }
    }

    /// <summary>What is new and units of <paramref name="owner"/> mean by <paramref name="name"/>: their own object's, or what another exports.</summary>
    private (Unit Unit, Piece Piece)? NewGlobal(string owner, string name) => _newGlobals.TryGetValue((owner, name), out var own) ? own
        : !RunningPlaces.IsOwn(owner, name, _kernel) && _newExports.TryGetValue(name, out var export) ? export : null;

    /// <summary>What the module must hold whatever leads to it: changed functions, and all of the common part.</summary>
    private void ChooseRoots(Unit unit)
    {
        if (unit.Comparison is not { } comparison)
        {
            foreach (var piece in unit.Patched.Named)
            {
                Require(unit, piece);
            }
            return;
        }
        foreach (var function in unit.Patched.Named.Where(p => p.Kind == PieceKind.Function && !TableSections.IsBootOnly(p.Section.Name)))
        {
            if (unit.Pair.LeftOut.Contains(function.Name))
            {
                continue;
            }
            if (unit.Pair.Replaced.TryGetValue(function.Name, out var replaced))
            {
                Replace(unit, function, replaced);
            }
            else if (unit.IsNew(function))
            {
                if (function.IsGlobal)
                {
                    Require(unit, function);
                }
            }
            else if (!comparison.IsSame(function) && !(unit.Pair.LinesMoved.Contains(function.Name) && comparison.DiffersInSmallConstants(function)))
            {
                RequireChanged(unit, function);
            }
        }
        foreach (var piece in unit.Patched.Named.Where(p => unit.Pair.Roots.Contains(p.Name)))
        {
            Require(unit, piece);
        }
        foreach (var (kind, function) in unit.Pair.Callbacks)
        {
            if (Declared(unit, function) is { } index)
            {
                _callbacks.Add(new ExpectedCallback(unit.Pair.Owner, kind, index));
            }
        }
        foreach (var (id, version, data) in unit.Pair.States)
        {
            _states.Add(new ExpectedState(id, version, data is null ? null : Declared(unit, data)));
        }
        foreach (var name in unit.Pair.Replaced.Keys.Where(n => !unit.Patched.Named.Any(p => p.Name == n)))
        {
            _omissions.Add($"{unit.Pair.Unit}: '{name}' is said to be replaced, but the patched object has no such function");
        }
    }

    /// <summary>
    /// Where the common part can take back what the kernel wrote for a module that is unloaded, each module's klp_object has it as a callback: the last one (post_unpatch), or
    /// the one before where the author has that.
    /// </summary>
    private void ExpectForgetting()
    {
        const string name = "suture_forget";
        if (_units.Find(u => u.Comparison is null) is not { } common || common.Patched.Named.FirstOrDefault(p => p.Name == name) is not { } piece)
        {
            return;
        }
        var last = _terms.Layout.Callbacks.Count - 1;
        foreach (var owner in _replacements.Select(r => r.Object).Concat(_callbacks.Select(c => c.Object)).Where(o => o != "vmlinux").Distinct().ToList())
        {
            if (new[] { last, last - 1 }.Where(k => !_callbacks.Exists(c => c.Object == owner && c.Kind == k)).Select(k => (int?)k).FirstOrDefault() is { } kind)
            {
                _callbacks.Add(new ExpectedCallback(owner, kind, Require(common, piece)));
            }
        }
    }

    /// <summary>What a callback or a state names.</summary>
    private int? Declared(Unit unit, string name)
    {
        if (unit.Patched.Named.FirstOrDefault(p => p.Name == name) is { } piece)
        {
            return Require(unit, piece);
        }
        _omissions.Add($"{unit.Pair.Unit}: '{name}' is declared as a callback or a state's data, but the patched object has no such symbol");
        return null;
    }

    private void Replace(Unit unit, Piece function, string replaced)
    {
        var original = unit.Original!.Named.FirstOrDefault(p => p.Kind == PieceKind.Function && p.Name == replaced);
        if (original is null || CompilerNames.Key(replaced) != function.Key)
        {
            _omissions.Add($"{unit.Pair.Unit}: '{function}' is said to replace '{replaced}', which is no version of it");
            return;
        }
        var place = unit.Places!.Find(original);
        _replacements.Add(new Replacement(unit.Pair.Owner, replaced, place?.SymPos ?? -1, place?.Place ?? "", Require(unit, function)));
    }

    /// <summary>A changed function that is not redirected itself must at least be among what is brought along, or belong to one that is redirected.</summary>
    private void RequireChanged(Unit unit, Piece function)
    {
        var whole = function.Parent ?? function;
        if (unit.Pair.Replaced.ContainsKey(whole.Name) || unit.Pair.LeftOut.Contains(whole.Name))
        {
            return;
        }
        if (!unit.Pair.Included.Contains(function.Name) || (IsTraceable(function) && unit.Comparison!.Twins(whole).Any(twin => IsStillCalled(unit, twin, []))))
        {
            _omissions.Add($"{unit.Pair.Unit}: '{function}' differs between the original and the patched object, and the livepatch leaves it as it is"
                + (unit.Comparison!.Difference is { Length: > 0 } why ? $" (last difference seen: {why})" : ""));
            return;
        }
        Require(unit, function);
    }

    /// <summary>
    /// Whether running code that is not replaced leads to <paramref name="function"/> of the original: then a copy of it in the livepatch is not enough. Who is
    /// left as it is and called by none but the replaced calls no one.
    /// </summary>
    private static bool IsStillCalled(Unit unit, Piece function, HashSet<Piece> seen)
    {
        if (function.IsGlobal)
        {
            return true;
        }
        foreach (var user in unit.Original!.Named.Where(u => (u.Parent ?? u) != function && (unit.Pair.Owner != "vmlinux" || !TableSections.IsBootOnly(u.Section.Name))))
        {
            var ways = LeadsTo(user, function, 0).ToList();
            var caller = user.Parent ?? user;
            if (ways.Count > 0 && (user.Kind != PieceKind.Function || ways.Contains(false)
                || (!unit.Pair.Replaced.Values.Contains(caller.Name) && seen.Add(caller) && IsStillCalled(unit, caller, seen))))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>How <paramref name="from"/> refers to <paramref name="target"/>, itself or by code without a name that is its own: true for a call or jump.</summary>
    private static IEnumerable<bool> LeadsTo(Piece from, Piece target, int depth) => depth > 4 ? [false]
        : from.References.Concat(from.Entries.SelectMany(e => e.References)).SelectMany(r =>
            r.Target == target ? [r.IsBranch] : r.Target is { Kind: PieceKind.Anonymous } nameless ? LeadsTo(nameless, target, depth + 1) : Enumerable.Empty<bool>());

    private static bool IsTraceable(Piece function) => function.References.Exists(r => r.External is "__fentry__" or "mcount");

    private int Require(Unit unit, Piece piece)
    {
        _required.Add(piece);
        return Index(unit, piece);
    }

    private int Index(Unit unit, Piece piece)
    {
        if (!_index.TryGetValue(piece, out var index))
        {
            _index[piece] = index = _pieces.Count;
            _pieces.Add(null);
            _work.Enqueue((unit, piece));
        }
        return index;
    }

    private ExpectedPiece Describe(Unit unit, Piece piece)
    {
        var bytes = unit.Patched.Masked(piece);
        _omissions.AddRange(unit.Patched.UnknownTables(piece).Select(t => $"{unit.Pair.Unit}: '{piece}' has places listed in section {t}, and what for is not known"));
        if (unit.Original is null && piece.Name == "__this_module")
        {
            var field = bytes.AsSpan(_terms.NameField.Offset, _terms.NameField.Length);
            field.Clear();
            Encoding.ASCII.GetBytes(_terms.Module, field);
        }
        var entries = piece.Entries.Select(e => new ExpectedEntry(e.Section, Convert.ToHexStringLower(e.Bytes),
            [.. e.References.Select(r => Refer(unit, piece, r, fromTable: true))], IsSilenced(unit, e) ? true : null)).Concat(GeneratedEntries(unit, piece));
        return new ExpectedPiece(unit.Pair.Unit, unit.Pair.Owner, piece.Kind, piece.Name, piece.Section.Name, _required.Contains(piece),
            (int)(piece.Entry - piece.Start), (int)(piece.End - piece.Entry), Convert.ToHexStringLower(bytes),
            [.. piece.References.Select(r => Refer(unit, piece, r, fromTable: false))], [.. entries], Math.Max(1, piece.Section.Alignment));
    }

    /// <summary>Whether an entry is the switch of a tracepoint that is in a module: the table is processed when the livepatch loads, perhaps before.</summary>
    private bool IsSilenced(Unit unit, TableEntry entry) => entry is { Section: "__jump_table", References.Count: 3 }
        && (entry.References[2].External ?? entry.References[2].Target?.Name ?? "").StartsWith("__tracepoint_", StringComparison.Ordinal)
        && IsLate(unit, entry.References[2]);

    /// <summary>Whether what is referred to may come into memory after the livepatch: it is in a module.</summary>
    private bool IsLate(Unit unit, PieceReference r) => r.Target is { } target
        ? !unit.IsNew(target) && unit.Pair.Owner is not ("vmlinux" or "")
        : RunningPlaces.FindExternal(r.External!, unit.Pair.Owner, _kernel) is { Object: not "vmlinux" };

    /// <summary>The entries that objtool must add for the sites in <paramref name="piece"/>, which the code itself shows.</summary>
    private IEnumerable<ExpectedEntry> GeneratedEntries(Unit unit, Piece piece)
    {
        if (piece.Kind != PieceKind.Function)
        {
            yield break;
        }
        var own = _index[piece];
        foreach (var r in piece.References)
        {
            var name = r.External ?? r.Target!.Name;
            var table = name == "__fentry__" ? "__mcount_loc"
                : !r.IsBranch ? ""
                : name == "__x86_return_thunk" ? ".return_sites"
                : name.StartsWith("__x86_indirect_thunk_", StringComparison.Ordinal) ? ".retpoline_sites"
                : name.StartsWith(Trampoline, StringComparison.Ordinal) && !IsLate(unit, r) ? ".static_call_sites" : "";
            if (table.Length == 0 || (table == "__mcount_loc" ? piece.Entries.Exists(e => e.Section == table) : !_terms.Generated.Contains(table) && !_terms.Possible.Contains(table)))
            {
                continue;
            }
            bool? optional = _terms.Possible.Contains(table) ? true : null;
            var at = unit.Patched.InstructionOf(piece, r.At);
            var isCall = unit.Patched.BytesOf(piece)[r.At - 1 + (int)(piece.Entry - piece.Start)] == 0xe8;
            var site = new ExpectedReference(0, table == "__mcount_loc" ? RelocationKind.Abs64 : RelocationKind.Pc32, at, own, null);
            yield return new ExpectedEntry(table, "", Optional: optional, References: table != ".static_call_sites" ? [site]
                : [site, new ExpectedReference(4, RelocationKind.Pc32, isCall ? 0 : 1, KeyPiece(unit, name), External(["__SCK__" + name[Trampoline.Length..], name], ""))]);
        }
    }

    /// <summary>The key of a static call that the patch itself brings.</summary>
    private int? KeyPiece(Unit unit, string trampoline)
    {
        var key = "__SCK__" + trampoline[Trampoline.Length..];
        var (holder, piece) = NewGlobal(unit.Pair.Owner, key) is { } found ? found : (unit, unit.Patched.Named.FirstOrDefault(p => p.Name == key && unit.IsNew(p)));
        return piece is null ? null : Index(holder, piece);
    }

    private ExpectedReference Refer(Unit unit, Piece from, PieceReference r, bool fromTable)
    {
        if (r.Target is not { } target)
        {
            return ReferOutside(unit, from, r, r.External!);
        }
        var (own, running) = TargetRules.Of(target, r, from, fromTable, unit.Comparison, unit.Pair);
        if (running && !own && unit.Comparison!.IsUndecided(target) && !unit.Pair.Included.Contains(target.Name))
        {
            _omissions.Add($"{unit.Pair.Unit}: '{from}' refers to '{target}', and which variable of the running kernel that is cannot be told");
        }
        return new ExpectedReference(r.At, r.Type, r.Delta, own ? Index(unit, target) : null, running ? Existing(unit, target) : null);
    }

    /// <summary>A reference to what the unit does not define itself.</summary>
    private ExpectedReference ReferOutside(Unit unit, Piece from, PieceReference r, string name)
    {
        var owner = unit.Pair.Owner;
        if (name == "suture_patch")
        {
            return new ExpectedReference(r.At, r.Type, r.Delta, PatchPiece, null);
        }
        if (NewGlobal(owner, name) is { } added)
        {
            return new ExpectedReference(r.At, r.Type, r.Delta, Index(added.Unit, added.Piece), null);
        }
        if (_madeGlobal.TryGetValue((owner, name), out var shown))
        {
            return new ExpectedReference(r.At, r.Type, r.Delta, null, Existing(shown.Unit, shown.Piece));
        }
        if (owner.Length > 0 && r.IsNamed && !RunningPlaces.IsKnownTo(owner, name, _kernel))
        {
            _omissions.Add($"{unit.Pair.Unit}: '{from}' refers to '{name}', which nothing in the kernel has for other units than its own");
        }
        return new ExpectedReference(r.At, r.Type, r.Delta, null, External([name], owner));
    }

    /// <summary>The running version of what the original object defines.</summary>
    private int Existing(Unit unit, Piece target)
    {
        // Of constants that a compiler's numbers alone tell apart, one that holds something else will not do.
        var twins = target.Kind == PieceKind.Data && TargetRules.IsReadOnly(target.Section) ? unit.Comparison!.EqualTwins(target) : unit.Comparison!.Twins(target);
        var place = twins is [var only] ? unit.Places!.Find(only) : null;
        return Intern(new RunningSymbol(unit.Pair.Owner, [.. twins.SelectMany(t => t.Symbols).Select(s => s.Name).Distinct()],
            !twins.Any(t => t.IsGlobal), place?.SymPos ?? -1, place?.Place ?? ""), unit.Pair.Unit);
    }

    private int External(string[] names, string owner)
    {
        var place = names is [var only] ? RunningPlaces.FindExternal(only, owner, _kernel) : null;
        return Intern(new RunningSymbol(place?.Object ?? "", names, false, place?.SymPos ?? -1, place?.Place ?? ""), "");
    }

    private int Intern(RunningSymbol symbol, string scope)
    {
        // Static symbols of one name in two units are two symbols.
        var key = $"{(symbol.Local ? scope : "")}|{symbol.Object}|{string.Join(',', symbol.Names)}";
        if (!_runningIndex.TryGetValue(key, out var index))
        {
            _runningIndex[key] = index = _running.Count;
            _running.Add(symbol);
        }
        return index;
    }
}
