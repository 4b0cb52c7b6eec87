using System.Buffers.Binary;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Match;

/// <summary>
/// The kernel image, read by address. A function matches at an address when its bytes are there, each
/// relocated field leads to the symbol it names, each literal to its text, and what objtool rewrites at link
/// time (jump labels and tracer calls to no-ops) is rewritten to exactly that.
/// </summary>
public sealed class VmlinuxImage(ElfImage image, SystemMap symbols) : ITargetImage
{
    /// <inheritdoc/>
    public string Object => "vmlinux";

    /// <inheritdoc/>
    public KernelSymbolReference? FindGlobal(string name)
    {
        var all = symbols.Find(name);
        for (var i = 0; i < all.Count; i++)
        {
            // nm writes global symbols in upper case, and weak ones as w or v in either case.
            if (char.IsAsciiLetterUpper(all[i].Type) || all[i].Type is 'w' or 'v')
            {
                return new KernelSymbolReference(Object, name, all.Count == 1 ? 0 : i + 1);
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public KernelSymbolReference? FindOnly(string name) => symbols.Find(name).Count == 1 ? new KernelSymbolReference(Object, name, 0) : null;

    /// <inheritdoc/>
    public bool IsShared(string name) => symbols.Find(name).Any(s => char.IsAsciiLetterUpper(s.Type) || s.Type is 'w' or 'v');

    /// <inheritdoc/>
    public IReadOnlyList<string>? UsersOf(string name) =>
        symbols.Find(name) is [var only] ? ImageReferences.To(only.Address, image, symbols) : null;

    /// <inheritdoc/>
    public UnitMatch Match(ObjectModel unit, bool asShipped)
    {
        ArgumentNullException.ThrowIfNull(unit);
        var matched = new Dictionary<Element, List<Attempt>>(ReferenceEqualityComparer.Instance);
        var functions = new Dictionary<Element, FunctionMatch>(ReferenceEqualityComparer.Instance);
        foreach (var function in unit.Functions)
        {
            functions[function] = MatchFunction(function, matched);
        }
        var places = new UnitPlaces(symbols, matched, asShipped);
        foreach (var (function, attempts) in matched)
        {
            if (places.Implied(function) is { } address && !attempts.Exists(a => a.Address == address))
            {
                functions[function] = new FunctionMatch(MatchState.Mismatch, $"the unit's other functions use '{function}' at {address:x}, and other code runs there");
            }
        }
        return new UnitMatch { Functions = functions, Resolve = places.Resolve };
    }

    private FunctionMatch MatchFunction(Element function, Dictionary<Element, List<Attempt>> matched)
    {
        if (function.Bytes.Length == function.Prefix)
        {
            return new FunctionMatch(MatchState.Identical);
        }
        var attempts = new List<Attempt>();
        var detail = "";
        foreach (var address in Candidates(symbols, function))
        {
            var attempt = new Attempt(image, symbols, function, address);
            if (attempt.Run())
            {
                attempts.Add(attempt);
            }
            else if (detail.Length == 0)
            {
                detail = attempt.Difference;
            }
        }
        if (attempts.Count == 0)
        {
            return FunctionMatch.None(function, detail);
        }
        matched[function] = attempts;
        return new FunctionMatch(MatchState.Identical);
    }

    /// <summary>Where <paramref name="function"/> may be, by its names.</summary>
    internal static IEnumerable<ulong> Candidates(SystemMap symbols, Element function) =>
        function.Aliases.Select(a => a.Name).Prepend(function.Name).SelectMany(symbols.Find).Select(s => s.Address).Distinct();

    /// <summary>One function compared with one address.</summary>
    internal sealed class Attempt(ElfImage image, SystemMap symbols, Element function, ulong address)
    {
        private const int MaxDepth = 8;

        /// <summary>The entry point compared with.</summary>
        public ulong Address => address;

        /// <summary>Addresses of the unit's own elements that follow from the relocated fields.</summary>
        public Dictionary<Element, ulong> Implied { get; } = new(ReferenceEqualityComparer.Instance);

        /// <summary>The first difference, in words.</summary>
        public string Difference { get; private set; } = "";

        public bool Run()
        {
            Implied[function] = address;
            return SameBytes(function, address, function.Prefix, 0);
        }

        private bool Differs(string what)
        {
            Difference = what;
            return false;
        }

        /// <summary>Compares <paramref name="element"/> from offset <paramref name="from"/> on with the bytes at <paramref name="place"/>.</summary>
        private bool SameBytes(Element element, ulong place, int from, int depth)
        {
            var expected = element.Bytes[from..];
            if (!image.TryRead(place, expected.Length, out var actual))
            {
                return Differs($"the image does not hold {expected.Length} bytes at {place:x}");
            }
            var rewritten = RewrittenSites(element, from, expected, actual);
            var at = 0;
            foreach (var reference in element.References)
            {
                var field = reference.Offset - from;
                if (field < at)
                {
                    continue;
                }
                if (!SameRun(expected, actual, at, field, rewritten))
                {
                    return false;
                }
                if (!rewritten.Exists(r => field >= r.Start && field < r.Start + r.Length)
                    && !SameReference(reference, actual.Slice(field, reference.Width), place + (ulong)field, depth))
                {
                    return false;
                }
                at = field + reference.Width;
            }
            return SameRun(expected, actual, at, expected.Length, rewritten);
        }

        private bool SameRun(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, int start, int end, List<(int Start, int Length)> rewritten)
        {
            if (expected[start..end].SequenceEqual(actual[start..end]))
            {
                return true;
            }
            for (var i = start; i < end; i++)
            {
                var offset = i;
                if (expected[i] != actual[i] && !rewritten.Exists(r => offset >= r.Start && offset < r.Start + r.Length))
                {
                    return Differs($"byte {i} of '{function}' is {actual[i]:x2} in the image and {expected[i]:x2} as compiled");
                }
            }
            return true;
        }

        private static readonly byte[] TwoByteNop = [0x66, 0x90];
        private static readonly byte[] FiveByteNop = [0x0f, 0x1f, 0x44, 0x00, 0x00];

        /// <summary>Places that objtool turned into no-ops: jump labels that start disabled, and tracer calls.</summary>
        private static List<(int Start, int Length)> RewrittenSites(Element element, int from, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
        {
            var sites = new List<(int, int)>();
            foreach (var entry in element.Entries)
            {
                // struct jump_entry: code, target, key; bit 1 of the key asks objtool for a no-op.
                if (entry.Section.Name != "__jump_table" || entry.References.Count < 3 || (entry.References[2].TargetOffset & 2) == 0)
                {
                    continue;
                }
                var site = (int)entry.References[0].TargetOffset + element.Prefix - from;
                AddIfNop(sites, site, expected, actual, 0xeb, TwoByteNop);
                AddIfNop(sites, site, expected, actual, 0xe9, FiveByteNop);
            }
            foreach (var reference in element.References)
            {
                if (reference.External?.Name == "__fentry__")
                {
                    AddIfNop(sites, reference.Offset - from - 1, expected, actual, 0xe8, FiveByteNop);
                }
            }
            return sites;
        }

        private static void AddIfNop(List<(int, int)> sites, int site, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, byte opcode, byte[] nop)
        {
            if (site >= 0 && site + nop.Length <= actual.Length && expected[site] == opcode && actual.Slice(site, nop.Length).SequenceEqual(nop))
            {
                sites.Add((site, nop.Length));
            }
        }

        private bool SameReference(Reference reference, ReadOnlySpan<byte> field, ulong place, int depth)
        {
            var value = reference.Width == 8
                ? BinaryPrimitives.ReadUInt64LittleEndian(field)
                : reference.Type == RelocationType.Abs32
                    ? BinaryPrimitives.ReadUInt32LittleEndian(field)
                    : (ulong)BinaryPrimitives.ReadInt32LittleEndian(field);
            var pointed = RelocationType.IsPcRelative(reference.Type) ? value + place + (ulong)reference.PcDelta : value;
            var symbol = pointed - (ulong)reference.TargetOffset;
            if (reference.Target is not { } target)
            {
                return SameSymbol(reference.External!.Name, symbol, place);
            }
            switch (target.Kind)
            {
                case ElementKind.Literal:
                    return image.TryRead(symbol, target.Size, out var text) && text.SequenceEqual(target.Bytes)
                        || Differs($"the string used at {place:x} has another text");
                case ElementKind.Constant or ElementKind.Chunk:
                    return depth >= MaxDepth || !Implied.TryAdd(target, symbol)
                        ? !Implied.TryGetValue(target, out var known) || known == symbol || Differs($"inconsistent reference at {place:x}")
                        : target.Section.Type == SectionType.NoBits || SameBytes(target, symbol, 0, depth + 1);
                default:
                    return !Implied.TryAdd(target, symbol) && Implied[target] != symbol
                        ? Differs($"the references to {target} lead to two places, one of them at {place:x}")
                        : SameSymbol(target.Name, symbol, place);
            }
        }

        private bool SameSymbol(string name, ulong symbolAddress, ulong place)
        {
            var known = symbols.Find(name);
            // Linker-made symbols and some data are not in the table; then only consistency can be checked.
            if (known.Count == 0)
            {
                return true;
            }
            foreach (var candidate in known)
            {
                if (candidate.Address == symbolAddress)
                {
                    return true;
                }
            }
            var there = symbols.FindByAddress(symbolAddress);
            return Differs($"the reference at {place:x} leads to {there?.Name ?? "nothing known"} ({symbolAddress:x}), not to {name}");
        }
    }
}
