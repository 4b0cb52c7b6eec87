using Suture.Elf;

namespace Suture.Build.Link;

/// <summary>
/// Joins objects into one. Tables that the kernel finds by name are appended to each other, sections that
/// stand for one function or variable stay apart, so that relocations can be told by owner later.
/// </summary>
internal sealed class ObjectMerger(string name)
{
    private readonly Dictionary<string, Section> _tables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _used = new(StringComparer.Ordinal);

    /// <summary>The result so far.</summary>
    public ElfObject Merged { get; } = new(name);

    /// <summary>The object whose code or data a section holds, by section name; tables have no single owner.</summary>
    public Dictionary<string, string> Owners { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Adds the sections and symbols of <paramref name="part"/> (which is used up), belonging to <paramref name="owner"/>.
    /// <paramref name="bind"/> says what an undefined symbol of the part becomes.
    /// </summary>
    public void Add(ElfObject part, string owner, Func<Symbol, Symbol> bind)
    {
        var moved = new Dictionary<Section, (Section Section, ulong Offset)>(ReferenceEqualityComparer.Instance);
        var appended = new List<(Section From, Section To, ulong Offset)>();
        foreach (var section in part.Sections)
        {
            if (IsTable(section))
            {
                if (_tables.TryGetValue(section.Name, out var table))
                {
                    var offset = Append(table, section);
                    moved[section] = (table, offset);
                    appended.Add((section, table, offset));
                    continue;
                }
                _tables[section.Name] = section;
                section.Alignment = Math.Max(section.Alignment, TableAlignment(section.Name));
            }
            else
            {
                section.Name = Unique(section.Name);
                Owners[section.Name] = owner;
            }
            moved[section] = (section, 0);
            Merged.Sections.Add(section);
        }
        var symbols = new Dictionary<Symbol, (Symbol Symbol, ulong Bias)>(ReferenceEqualityComparer.Instance);
        foreach (var symbol in part.Symbols)
        {
            symbols[symbol] = Move(symbol, moved, bind);
        }
        foreach (var section in part.Sections)
        {
            for (var i = 0; i < section.Relocations.Count; i++)
            {
                var r = section.Relocations[i];
                // A symbol of another part is already what it will be.
                var (symbol, bias) = symbols.TryGetValue(r.Symbol, out var known) ? known : (r.Symbol, 0);
                section.Relocations[i] = r with { Symbol = symbol, Addend = r.Addend + (long)bias };
            }
        }
        foreach (var (from, to, offset) in appended)
        {
            to.Relocations.AddRange(from.Relocations.Select(r => r with { Offset = r.Offset + offset }));
        }
    }

    private (Symbol, ulong) Move(Symbol symbol, Dictionary<Section, (Section Section, ulong Offset)> moved, Func<Symbol, Symbol> bind)
    {
        if (symbol.IsUndefined)
        {
            return (bind(symbol), 0);
        }
        if (symbol.Section is { } section)
        {
            var (target, offset) = moved[section];
            if (symbol.IsSection)
            {
                return (Merged.SectionSymbol(target), offset);
            }
            symbol.Section = target;
            symbol.Value += offset;
        }
        Merged.Symbols.Add(symbol);
        return (symbol, 0);
    }

    private static bool IsTable(Section section) => section.IsStrings
        || !(section.IsCode || section.Name.StartsWith(".data", StringComparison.Ordinal)
            || section.Name.StartsWith(".bss", StringComparison.Ordinal) || section.Name.StartsWith(".rodata", StringComparison.Ordinal))
        || section.Name is ".altinstr_replacement" or ".altinstr_aux" or ".fixup" or ".data..percpu";

    /// <summary>The kernel sorts or walks these as arrays of structures; assemblers leave some unaligned.</summary>
    private static ulong TableAlignment(string name) =>
        name is "__mcount_loc" or "__jump_table" or "__bug_table" or ".altinstructions" ? 8UL : 1UL;

    private static ulong Append(Section table, Section more)
    {
        var alignment = Math.Max(1, more.Alignment);
        table.Alignment = Math.Max(table.Alignment, alignment);
        var offset = (table.Size + alignment - 1) & ~(alignment - 1);
        if (table.Type == SectionType.NoBits)
        {
            table.Size = offset + more.Size;
            return offset;
        }
        var data = new byte[offset + (ulong)more.Data.Length];
        table.Data.CopyTo(data, 0);
        more.Data.CopyTo(data, (int)offset);
        table.Data = data;
        return offset;
    }

    private string Unique(string name)
    {
        // sysfs shows one file per section name of a module: two of a name would collide there.
        var count = _used[name] = _used.GetValueOrDefault(name) + 1;
        return count == 1 ? name : Unique($"{name}.{count}");
    }
}
