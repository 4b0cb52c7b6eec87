using Suture.Elf;

namespace Suture.Diff.Model;

/// <content>Cutting by symbols.</content>
internal sealed partial class ObjectModelBuilder
{
    private void CutBySymbols(List<Section> ordinary)
    {
        var padding = PaddingStarts();
        var constructors = Constructors();
        var symbols = ordinary.ToDictionary(s => s, _ => new List<Symbol>());
        foreach (var symbol in source.Symbols)
        {
            if (symbol.Section is { } section && symbols.TryGetValue(section, out var list)
                && symbol.Type is SymbolType.Func or SymbolType.Object or SymbolType.NoType or SymbolType.Tls
                && !constructors.Contains((section, symbol.Value)) && !IsBtfId(symbol) && !IsPlace(symbol))
            {
                list.Add(symbol);
            }
            else if (symbol.Place == SymbolPlace.Common)
            {
                CutCommon(symbol);
            }
        }
        foreach (var section in ordinary)
        {
            _bySection[section] = CutSection(section, symbols[section], padding.GetValueOrDefault(section));
        }
    }

    /// <summary>Whether a symbol only marks a place: a section's, or a label of the compiler's that assemblers usually drop.</summary>
    private static bool IsPlace(Symbol symbol) => symbol.IsSection || symbol.Name.StartsWith(".L", StringComparison.Ordinal);

    /// <summary>Members of a list of type ids are numbered; the list has a name of its own.</summary>
    private static bool IsBtfId(Symbol symbol) => symbol.Name.StartsWith("__BTF_ID__", StringComparison.Ordinal);

    /// <summary>Bytes that one variable may claim; the reader cannot hold it against a section.</summary>
    private const ulong MaxCommonSize = 1 << 28;

    /// <summary>A variable that the linker has yet to give a place: its value is its alignment (SHN_COMMON).</summary>
    private void CutCommon(Symbol symbol)
    {
        if (symbol.Size > MaxCommonSize || symbol.Value > MaxCommonSize || (symbol.Value & (symbol.Value - 1)) != 0)
        {
            throw new ElfFormatException(source.Name, $"symbol {symbol.Name}", $"{symbol.Size} bytes aligned to {symbol.Value} are no variable");
        }
        var section = new Section(".bss." + symbol.Name, SectionType.NoBits, SectionFlags.Alloc | SectionFlags.Write)
        {
            Alignment = Math.Max(1, symbol.Value),
            Size = symbol.Size,
        };
        var element = new Element(ElementKind.Data, symbol.Name, section, 0, (int)symbol.Size) { Symbol = symbol };
        _bySection[section] = [element];
        _bySymbol[symbol] = element;
    }

    /// <summary>
    /// Functions that run when the object is loaded: code that compilers make to register what they instrumented. It is
    /// no part of the source, never runs again, and a livepatch need not run it: no element stands for it.
    /// </summary>
    private HashSet<(Section, ulong)> Constructors()
    {
        var found = new HashSet<(Section, ulong)>();
        foreach (var relocation in source.Sections.Where(SpecialSections.IsConstructorTable).SelectMany(s => s.Relocations))
        {
            if (relocation.Symbol.Section is { IsCode: true } code)
            {
                found.Add((code, relocation.Symbol.Value + (ulong)relocation.Addend));
            }
        }
        return found;
    }

    private List<Element> CutSection(Section section, List<Symbol> symbols, SortedSet<int>? padding)
    {
        var elements = new List<Element>();
        if (section.IsStrings)
        {
            return elements;
        }
        // The longest symbol at an address is the element, the rest are aliases; functions before labels, local names before
        // what is exported of them.
        symbols.Sort((a, b) =>
            a.Value != b.Value ? a.Value.CompareTo(b.Value)
            : a.Size != b.Size ? b.Size.CompareTo(a.Size)
            : a.Type != b.Type ? b.Type.CompareTo(a.Type)
            : a.Binding != b.Binding && (a.Binding == SymbolBinding.Local || b.Binding == SymbolBinding.Local) ? a.Binding.CompareTo(b.Binding)
            : string.CompareOrdinal(a.Name, b.Name));
        var prefixStart = -1;
        var end = 0;
        for (var i = 0; i < symbols.Count; i++)
        {
            var symbol = symbols[i];
            var value = (int)symbol.Value;
            if (IsPrefixSymbol(symbol))
            {
                prefixStart = prefixStart < 0 ? value : prefixStart;
                continue;
            }
            if (elements.Count > 0 && (value < end || value == elements[^1].EntryPoint))
            {
                elements[^1].Aliases.Add(symbol);
                _bySymbol[symbol] = elements[^1];
                continue;
            }
            var size = symbol.Size > 0 ? (int)symbol.Size : SizeToNext(section, symbols, i);
            var start = value;
            if (prefixStart >= end && prefixStart >= 0)
            {
                start = prefixStart;
            }
            else if (padding is not null && padding.GetViewBetween(Math.Max(end, value - 64), value) is { Count: > 0 } starts)
            {
                start = starts.Max;
            }
            prefixStart = -1;
            end = value + size;
            var kind = section.IsCode ? ElementKind.Function : ElementKind.Data;
            var element = new Element(kind, symbol.Name, section, start, end - start) { Symbol = symbol, Prefix = value - start };
            elements.Add(element);
            _bySymbol[symbol] = element;
        }
        return elements;
    }

    private static bool IsPrefixSymbol(Symbol symbol) =>
        symbol.Name.StartsWith("__pfx_", StringComparison.Ordinal) || symbol.Name.StartsWith("__cfi_", StringComparison.Ordinal);

    private static int SizeToNext(Section section, List<Symbol> symbols, int i)
    {
        for (var next = i + 1; next < symbols.Count; next++)
        {
            if (symbols[next].Value > symbols[i].Value)
            {
                return (int)(symbols[next].Value - symbols[i].Value);
            }
        }
        return (int)(section.Size - symbols[i].Value);
    }

    /// <summary>Where the compiler put padding before functions: it lists the places in __patchable_function_entries.</summary>
    private Dictionary<Section, SortedSet<int>> PaddingStarts()
    {
        var starts = new Dictionary<Section, SortedSet<int>>(ReferenceEqualityComparer.Instance);
        foreach (var section in source.Sections)
        {
            if (section.Name != "__patchable_function_entries")
            {
                continue;
            }
            foreach (var relocation in section.Relocations)
            {
                if (relocation.Symbol.Section is { } code)
                {
                    if (!starts.TryGetValue(code, out var set))
                    {
                        starts[code] = set = [];
                    }
                    set.Add((int)((long)relocation.Symbol.Value + relocation.Addend));
                }
            }
        }
        return starts;
    }
}
