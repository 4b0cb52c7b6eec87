using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Build.Match;

/// <summary>
/// A module as shipped. Its .ko still carries relocations, so a function matches when bytes agree and each
/// reference leads to a symbol of the same name or to the same literal or constant.
/// </summary>
public sealed class ModuleImage : ITargetImage
{
    private const int MaxDepth = 8;
    private readonly ObjectModel _module;
    private readonly ILookup<string, Element> _byName;
    private readonly Dictionary<string, List<Symbol>> _positions;

    /// <summary>Prepares the module <paramref name="name"/> from its object.</summary>
    public ModuleImage(string name, ElfObject module)
    {
        ArgumentNullException.ThrowIfNull(module);
        Object = name;
        _module = ObjectModel.Build(module);
        _byName = _module.Functions.Concat(_module.Data)
            .SelectMany(e => e.Aliases.Append(e.Symbol!).Select(s => (s.Name, Element: e)))
            .ToLookup(p => p.Name, p => p.Element, StringComparer.Ordinal);
        // A module's symbols are counted in the order of its symbol table.
        _positions = module.Symbols.Where(s => s.Name.Length > 0 && s.Section is { IsAlloc: true })
            .GroupBy(s => s.Name, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.ToList(), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public string Object { get; }

    /// <summary>How many symbols of <paramref name="name"/> the module has.</summary>
    public int Count(string name) => _positions.TryGetValue(name, out var symbols) ? symbols.Count : 0;

    /// <inheritdoc/>
    public KernelSymbolReference? FindGlobal(string name) =>
        _positions.TryGetValue(name, out var symbols) ? Position(name, symbols, symbols.FindIndex(s => s.Binding != SymbolBinding.Local)) : null;

    /// <inheritdoc/>
    public KernelSymbolReference? FindOnly(string name) => Count(name) == 1 ? Position(name, _positions[name], 0) : null;

    /// <inheritdoc/>
    public bool IsShared(string name) => _positions.TryGetValue(name, out var symbols) && symbols.Exists(s => s.Binding != SymbolBinding.Local);

    /// <inheritdoc/>
    public IReadOnlyList<string>? UsersOf(string name) => _byName[name].ToList() is not [var function] ? null
        : [.. _module.Elements.Where(e => e.References.Exists(r => r.Target == function)).Select(e => Count(e.Name) == 1 ? e.Name : $"{e} (one of several)")];

    /// <inheritdoc/>
    public UnitMatch Match(ObjectModel unit, bool asShipped)
    {
        ArgumentNullException.ThrowIfNull(unit);
        var found = new Dictionary<Element, HashSet<Element>>(ReferenceEqualityComparer.Instance);
        var functions = new Dictionary<Element, FunctionMatch>(ReferenceEqualityComparer.Instance);
        foreach (var function in unit.Functions)
        {
            functions[function] = MatchFunction(function, found, asShipped);
        }
        return new UnitMatch { Functions = functions, Resolve = e => Resolve(e, found) };
    }

    private FunctionMatch MatchFunction(Element function, Dictionary<Element, HashSet<Element>> found, bool asShipped)
    {
        var detail = "";
        var hits = new List<Attempt>();
        var candidates = _byName[function.Name].Where(e => e.Kind == ElementKind.Function).ToList();
        foreach (var candidate in candidates)
        {
            var attempt = new Attempt(_byName);
            if (attempt.Same(function, candidate, 0))
            {
                hits.Add(attempt);
            }
            else if (detail.Length == 0)
            {
                detail = attempt.Difference;
            }
        }
        if (hits.Count == 0)
        {
            return FunctionMatch.None(function, detail);
        }
        // A sure witness; a function that need not match where it is may match as a namesake of it only.
        foreach (var (element, target) in hits.Count == 1 && (asShipped || candidates.Count == 1) ? hits[0].Implied : [])
        {
            if (!found.TryGetValue(element, out var set))
            {
                found[element] = set = new HashSet<Element>(ReferenceEqualityComparer.Instance);
            }
            set.Add(target);
        }
        return new FunctionMatch(MatchState.Identical);
    }

    private KernelSymbolReference? Resolve(Element element, Dictionary<Element, HashSet<Element>> found)
    {
        if (!_positions.TryGetValue(element.Name, out var symbols))
        {
            return null;
        }
        if (symbols.Count == 1)
        {
            return FindOnly(element.Name);
        }
        if (element.IsGlobal)
        {
            return FindGlobal(element.Name);
        }
        if (!found.TryGetValue(element, out var targets) || targets.Count != 1)
        {
            return null;
        }
        var target = targets.First();
        return Position(element.Name, symbols, symbols.FindIndex(s => s == target.Symbol || target.Aliases.Contains(s)));
    }

    /// <summary>
    /// The symbol at <paramref name="index"/> by its position. The kernel forgets the symbols of initialisation code when it has run: a position that counts one is
    /// another one afterwards.
    /// </summary>
    private KernelSymbolReference? Position(string name, List<Symbol> symbols, int index) =>
        index < 0 || symbols.Take(index).Any(s => s.Section!.Name.StartsWith(".init", StringComparison.Ordinal)) ? null
            : new KernelSymbolReference(Object, name, symbols.Count == 1 ? 0 : index + 1);

    private sealed class Attempt(ILookup<string, Element> byName)
    {
        public Dictionary<Element, Element> Implied { get; } = new(ReferenceEqualityComparer.Instance);

        public string Difference { get; private set; } = "";

        private bool Differs(string what)
        {
            Difference = what;
            return false;
        }

        public bool Same(Element expected, Element actual, int depth)
        {
            if (!Implied.TryAdd(expected, actual))
            {
                return Implied[expected] == actual || Differs($"'{expected}' stands for two things");
            }
            ReadOnlySpan<byte> x = expected.Bytes[expected.Prefix..], y = actual.Bytes[Math.Min(actual.Prefix, actual.Bytes.Length)..];
            // Anonymous data of a module runs on to the next label; only the part referred to counts.
            if (expected.Kind == ElementKind.Function ? x.Length != y.Length : x.Length > y.Length)
            {
                return Differs($"'{expected}' has {y.Length} bytes in the module and {x.Length} as compiled");
            }
            var references = actual.References.ToLookup(r => r.Offset - actual.Prefix);
            var masked = new bool[x.Length];
            foreach (var reference in expected.References)
            {
                var offset = reference.Offset - expected.Prefix;
                if (offset < 0)
                {
                    continue;
                }
                masked.AsSpan(offset, reference.Width).Fill(true);
                if (IsTracerNop(reference, y, offset))
                {
                    masked.AsSpan(offset - 1, 5).Fill(true);
                    continue;
                }
                var other = references[offset].FirstOrDefault();
                if (other.Width == 0)
                {
                    if (!IsRewrittenJump(expected, offset, y))
                    {
                        return Differs($"'{expected}'+0x{offset:x} refers to {Describe(reference)}; the module's does not");
                    }
                    continue;
                }
                if (!SameTarget(reference, other, depth))
                {
                    return Differs($"'{expected}'+0x{offset:x} refers to {Describe(reference)}+{reference.TargetOffset}; the module's to {Describe(other)}+{other.TargetOffset}");
                }
            }
            foreach (var more in actual.References)
            {
                var offset = more.Offset - actual.Prefix;
                if (offset >= 0 && offset < x.Length && !masked[offset] && !IsRewrittenJump(expected, offset, y))
                {
                    return Differs($"'{expected}'+0x{offset:x} refers to {Describe(more)} in the module, and to nothing as compiled");
                }
            }
            for (var i = 0; i < x.Length; i++)
            {
                if (x[i] != y[i] && !masked[i] && !IsRewrittenJump(expected, i, y))
                {
                    return Differs($"byte {i} of '{expected}' is {y[i]:x2} in the module and {x[i]:x2} as compiled");
                }
            }
            return true;
        }

        private static string Describe(Reference r) => r.Target?.ToString() ?? r.External?.Name ?? "nothing";

        private static bool IsTracerNop(Reference reference, ReadOnlySpan<byte> code, int offset) =>
            reference.External?.Name == "__fentry__" && offset >= 1 && offset + 4 <= code.Length
            && code.Slice(offset - 1, 5).SequenceEqual((ReadOnlySpan<byte>)[0x0f, 0x1f, 0x44, 0x00, 0x00]);

        /// <summary>Whether objtool made the jump label at or around <paramref name="offset"/> a no-op.</summary>
        private static bool IsRewrittenJump(Element element, int offset, ReadOnlySpan<byte> actual)
        {
            foreach (var entry in element.Entries)
            {
                if (entry.Section.Name != "__jump_table" || entry.References.Count < 3 || (entry.References[2].TargetOffset & 2) == 0)
                {
                    continue;
                }
                var site = (int)entry.References[0].TargetOffset;
                var length = element.Bytes[site + element.Prefix] == 0xeb ? 2 : 5;
                ReadOnlySpan<byte> nop = length == 2 ? [0x66, 0x90] : [0x0f, 0x1f, 0x44, 0x00, 0x00];
                if (offset >= site && offset < site + length && site + length <= actual.Length && actual.Slice(site, length).SequenceEqual(nop))
                {
                    return true;
                }
            }
            return false;
        }

        private bool SameTarget(Reference expected, Reference actual, int depth)
        {
            if (expected.Target is { Name: "" } target)
            {
                return actual.Target is { } found && found.Kind != ElementKind.Function && expected.TargetOffset == actual.TargetOffset
                    && (target.Kind == ElementKind.Literal
                        ? found.Bytes.SequenceEqual(target.Bytes)
                        : depth >= MaxDepth || Same(target, found, depth + 1));
            }
            var name = expected.Target?.Name ?? expected.External!.Name;
            if (actual.Target is not { } place)
            {
                return actual.External!.Name == name && actual.TargetOffset == expected.TargetOffset;
            }
            // By place, not by element: a pointer just past one object may be the start of the next.
            var position = place.EntryPoint + actual.TargetOffset;
            foreach (var candidate in byName[name])
            {
                if (candidate.Section == place.Section && candidate.EntryPoint + Alias(candidate, name) + expected.TargetOffset == position)
                {
                    return expected.Target is not { } named || Implied.TryAdd(named, candidate) || Implied[named] == candidate;
                }
            }
            return false;
        }

        /// <summary>How far into <paramref name="element"/> its symbol <paramref name="name"/> points.</summary>
        private static long Alias(Element element, string name) => element.Name == name
            ? 0
            : (long)element.Aliases.First(a => a.Name == name).Value - element.EntryPoint;
    }
}
