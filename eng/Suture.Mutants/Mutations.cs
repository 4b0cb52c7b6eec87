using System.Buffers.Binary;
using Iced.Intel;
using Suture.Verify;

namespace Suture.Mutants;

/// <summary>
/// The ways to make a good module wrong. Each picks a place with the given chance generator and changes the module so that it
/// does, or describes, something else; null when the module offers no such place. The record in the module is never touched.
/// </summary>
internal sealed class Mutations(ModuleBytes module, Manifest manifest, Random random)
{
    private const string Patch = ".data.suture_patch";
    private const string Names = ".rodata.suture_names";
    private readonly List<ModuleBytes.Rela> _relas = module.Relas();
    private readonly List<ModuleBytes.Symbol> _symbols = module.Symbols();
    private readonly List<ModuleBytes.Section> _sections = module.Sections();

    /// <summary>One mutation: what was done, and the module that has it.</summary>
    public sealed record Mutant(string What, byte[] Bytes);

    /// <summary>All kinds by name, with their share of a campaign: the first five are what every engine gets wrong some day.</summary>
    public static IReadOnlyList<(string Kind, int Share, Func<Mutations, Mutant?> Make)> Kinds { get; } =
    [
        ("wrong addend", 24, m => m.WrongAddend()),
        ("swapped call target", 24, m => m.SwappedCall()),
        ("dropped table entry", 24, m => m.DroppedEntry()),
        ("wrong sympos", 24, m => m.WrongPosition()),
        ("omitted function", 16, m => m.OmittedFunction()),
        ("swapped new functions", 6, m => m.SwappedBodies()),
        ("flipped code", 16, m => m.FlippedCode()),
        ("changed literal", 10, m => m.ChangedLiteral()),
        ("changed table entry", 12, m => m.ChangedEntry()),
        ("wrong object name", 8, m => m.WrongObject()),
        ("wrong function name", 6, m => m.WrongName()),
        ("relocation type", 10, m => m.WrongType()),
        ("dropped relocation", 10, m => m.DroppedRelocation(livepatch: false)),
        ("dropped klp relocation", 6, m => m.DroppedRelocation(livepatch: true)),
        ("truncated section", 4, m => m.Truncated()),
        ("wrong declaration", 10, m => m.WrongDeclaration()),
    ];

    private T? Any<T>(IReadOnlyList<T> list) where T : class => list.Count == 0 ? null : list[random.Next(list.Count)];

    private string NameOf(ModuleBytes.Rela r) => _symbols[r.Symbol].Name is { Length: > 0 } name ? name : _sections[_symbols[r.Symbol].Section].Name;

    private string Where(ModuleBytes.Rela r) => $"{r.Target.Name}+0x{r.Offset:x} ({NameOf(r)})";

    private Mutant Change(string what, Action<ModuleBytes> change)
    {
        var copy = module.Copy();
        change(copy);
        return new Mutant(what, copy.Bytes);
    }

    private List<ModuleBytes.Rela> Meaningful() => _relas.FindAll(r => r.Target.IsAlloc && r.Type != 0);

    private Mutant? WrongAddend() => Any(Meaningful()) is not { } r ? null
        : Change($"{Where(r)}: addend {r.Addend} more 8", m => m.SetAddend(r, r.Addend + 8 * (random.Next(2) * 2 - 1)));

    private Mutant? SwappedCall()
    {
        var calls = _relas.FindAll(r => r.Target.IsCode && r.Type == 4 && _symbols[r.Symbol].Name.Length > 0);
        var call = Any(calls);
        var other = call is null ? null : Any(calls.FindAll(r => NameOf(r) != NameOf(call) && r.Table.Flags == call.Table.Flags && r.Addend == call.Addend));
        return other is null ? null : Change($"{Where(call!)}: calls {NameOf(other)}", m => m.SetSymbol(call!, other.Symbol));
    }

    private (ModuleBytes.Section Table, int Entry, int Size)? AnyEntry(bool withValues)
    {
        var sizes = manifest.EntrySizes.Concat(withValues ? [] : [new(".orc_unwind_ip", 4), new(".call_sites", 4)]).ToDictionary();
        var entries = _sections.FindAll(s => s.IsAlloc && s.Size > 0 && sizes.ContainsKey(s.Name)
                && (!withValues || s.Name is ".altinstructions" or "__bug_table" or "__ex_table" or ".parainstructions"))
            .SelectMany(s => Enumerable.Range(0, s.Size / sizes[s.Name]).Select(i => (s, i, sizes[s.Name]))).ToList();
        if (entries.Count == 0)
        {
            return null;
        }
        // By table first: small tables matter as much as large ones.
        var tables = entries.GroupBy(e => e.s.Name).ToList();
        var table = tables[random.Next(tables.Count)].ToList();
        return table[random.Next(table.Count)];
    }

    private Mutant? DroppedEntry() => AnyEntry(withValues: false) is not var (table, entry, size) ? null
        : Change($"{table.Name}: entry {entry} gone", m =>
        {
            if (table.Name == ".orc_unwind_ip")
            {
                var width = _sections.Find(s => s.Name == ".orc_unwind")!.Size / (table.Size / size);
                m.RemoveRange(".orc_unwind", entry * width, width);
            }
            m.RemoveRange(table.Name, entry * size, size);
        });

    private Mutant? ChangedEntry()
    {
        if (AnyEntry(withValues: true) is not var (table, entry, size))
        {
            return null;
        }
        var free = Enumerable.Range(entry * size, size).Where(at => !_relas.Exists(r => r.Target.Name == table.Name && at >= r.Offset && at < r.Offset + 4)).ToList();
        var byteAt = free[random.Next(free.Count)];
        return Change($"{table.Name}: entry {entry}, byte {byteAt - entry * size}", m => m.Bytes[table.Offset + byteAt] ^= 0x04);
    }

    private Mutant? WrongPosition()
    {
        var symbols = _symbols.FindAll(s => s.Name.StartsWith(".klp.sym.", StringComparison.Ordinal) && char.IsAsciiDigit(s.Name[^1]) && s.Name[^2] == ',');
        var functions = Functions();
        if (random.Next(3) == 0 && Any(functions) is { } function)
        {
            // 0 says "the only one", 1 "the first": for a unique name the same.
            var at = Data().Offset + function.Offset + manifest.Layout.FuncOldSymPos - manifest.Layout.FuncOldName;
            return Change($"klp_func at 0x{function.Offset:x}: position", m => m.Bytes[at] = (byte)(m.Bytes[at] is 2 ? 1 : 2));
        }
        return Any(symbols) is not { } symbol ? null : Change($"{symbol.Name}: position", m =>
        {
            var digit = symbol.NameAt + symbol.Name.Length - 1;
            m.Bytes[digit] = (byte)(m.Bytes[digit] == '2' ? '1' : '2');
        });
    }

    private ModuleBytes.Section Data() => _sections.Find(s => s.Name == Patch)!;

    /// <summary>The name pointers of the klp_func structures: those that a pointer to code follows.</summary>
    private List<ModuleBytes.Rela> Functions() => _relas.FindAll(r => r.Target.Name == Patch && NameOf(r) == Names
        && _relas.Exists(c => c.Target.Name == Patch && c.Offset == r.Offset + 8 && _sections[_symbols[c.Symbol].Section].IsCode));

    private Mutant? OmittedFunction()
    {
        if (Any(Functions()) is not { } function)
        {
            return null;
        }
        // The rest of the array moves up, as if this function had never been listed.
        var (start, size) = (function.Offset - manifest.Layout.FuncOldName, manifest.Layout.FuncSize);
        return Change($"klp_func at 0x{start:x} gone", m =>
        {
            var end = start;
            var listed = Functions().Select(f => f.Offset - manifest.Layout.FuncOldName).ToHashSet();
            while (listed.Contains(end + size))
            {
                end += size;
            }
            foreach (var r in m.Relas().Where(r => r.Target.Name == Patch && r.Offset >= start && r.Offset < start + size).OrderByDescending(r => r.FileAt))
            {
                m.Remove(r);
            }
            foreach (var r in m.Relas().Where(r => r.Target.Name == Patch && r.Offset >= start + size && r.Offset < end + size))
            {
                m.SetOffset(r, r.Offset - size);
            }
            var data = m.Bytes.AsSpan(Data().Offset);
            data[(start + size)..(end + size)].CopyTo(data[start..]);
            data.Slice(end, size).Clear();
        });
    }

    private Mutant? SwappedBodies()
    {
        var bodies = Functions().ConvertAll(f => _relas.Find(r => r.Target.Name == Patch && r.Offset == f.Offset + 8)!);
        var one = Any(bodies);
        var other = one is null ? null : Any(bodies.FindAll(b => b.Symbol != one.Symbol));
        return other is null ? null : Change($"{Where(one!)} and {Where(other)} change places", m =>
        {
            m.SetSymbol(one!, other.Symbol);
            m.SetSymbol(other, one!.Symbol);
        });
    }

    /// <summary>A displacement, an immediate or a condition: bytes of which no two values mean the same.</summary>
    private Mutant? FlippedCode()
    {
        var places = new List<(int File, string What)>();
        foreach (var section in _sections.Where(s => s.IsCode && !s.Name.StartsWith(".altinstr", StringComparison.Ordinal)))
        {
            var relocated = _relas.Where(r => r.Target.Index == section.Index).Select(r => r.Offset).ToHashSet();
            var decoder = Decoder.Create(64, module.Bytes.AsSpan(section.Offset, section.Size).ToArray());
            while (decoder.IP < (ulong)section.Size)
            {
                decoder.Decode(out var instruction);
                var constants = decoder.GetConstantOffsets(instruction);
                var at = (int)instruction.IP;
                if (instruction.IsInvalid || instruction.Mnemonic is Mnemonic.Nop or Mnemonic.Int3 or Mnemonic.Ud2)
                {
                    continue;
                }
                if (constants.HasDisplacement && !relocated.Contains(at + constants.DisplacementOffset))
                {
                    places.Add((section.Offset + at + constants.DisplacementOffset, $"{section.Name}+0x{at:x} {instruction}"));
                }
                else if (constants.HasImmediate && constants.ImmediateSize > 0 && !relocated.Contains(at + constants.ImmediateOffset) && instruction.OpCount > 0
                    && instruction.Mnemonic is Mnemonic.Mov or Mnemonic.Add or Mnemonic.Sub or Mnemonic.Cmp)
                {
                    places.Add((section.Offset + at + constants.ImmediateOffset, $"{section.Name}+0x{at:x} {instruction}"));
                }
            }
        }
        if (places.Count == 0)
        {
            return null;
        }
        var (file, what) = places[random.Next(places.Count)];
        return Change(what, m => m.Bytes[file] ^= (byte)(1 << random.Next(1, 6)));
    }

    private Mutant? ChangedLiteral()
    {
        var literals = _sections.FindAll(s => s.IsAlloc && (s.Flags & 0x20) != 0 && s.Size > 1);
        if (Any(literals) is not { } section)
        {
            return null;
        }
        var letters = Enumerable.Range(0, section.Size).Where(i => module.Bytes[section.Offset + i] > 32).ToList();
        return letters.Count == 0 ? null : letters[random.Next(letters.Count)] is var at
            ? Change($"{section.Name}+0x{at:x}", m => m.Bytes[section.Offset + at] ^= 1) : null;
    }

    private Mutant? WrongObject()
    {
        var symbols = _symbols.FindAll(s => s.Name.StartsWith(".klp.sym.", StringComparison.Ordinal));
        var pointers = _relas.FindAll(r => r.Target.Name == Patch && NameOf(r) == Names && !Functions().Contains(r));
        if (pointers.Count > 0 && random.Next(2) == 0)
        {
            return NameLetter(pointers, "object of klp_object");
        }
        return Any(symbols) is not { } symbol ? null : Change($"{symbol.Name}: object", m => m.Bytes[symbol.NameAt + ".klp.sym.".Length] ^= 1);
    }

    private Mutant? WrongName() => NameLetter(Functions(), "name of klp_func");

    private Mutant? NameLetter(List<ModuleBytes.Rela> pointers, string what) => Any(pointers) is not { } pointer ? null
        : Change($"{what} at 0x{pointer.Offset:x}", m => m.Bytes[_sections.Find(s => s.Name == Names)!.Offset + (int)pointer.Addend] ^= 1);

    private Mutant? WrongType() => Any(Meaningful().FindAll(r => r.Type is 1 or 2 or 4 or 11 && r.Target.IsCode || r.Target.Name.StartsWith("__", StringComparison.Ordinal) && r.Type is 1 or 2
            || r.Target.Name is ".orc_unwind_ip" or ".return_sites" or ".retpoline_sites")) is not { } r ? null
        : Change($"{Where(r)}: type {r.Type}", m => m.SetType(r, r.Type switch { 1 => 11u, 2 or 4 => 11u, _ => 2u }));

    /// <summary>What the livepatch core is told besides names and functions: positions beyond 32 bits, callbacks, states.</summary>
    private Mutant? WrongDeclaration()
    {
        var choices = new List<Func<Mutant>>();
        if (Any(Functions()) is { } function)
        {
            var high = Data().Offset + function.Offset + manifest.Layout.FuncOldSymPos - manifest.Layout.FuncOldName + 4;
            choices.Add(() => Change($"klp_func at 0x{function.Offset:x}: position, upper half", m => m.Bytes[high] = 1));
        }
        var bodies = Functions().Select(f => f.Offset + 8).ToHashSet();
        if (Any(_relas.FindAll(r => r.Target.Name == Patch && _symbols[r.Symbol].Section is > 0 and < 0xff00 && _sections[_symbols[r.Symbol].Section].IsCode && !bodies.Contains(r.Offset))) is { } callback)
        {
            choices.Add(() => Change($"{Where(callback)}: callback gone", m => m.Remove(callback)));
            choices.Add(() => Change($"{Where(callback)}: callback of another kind", m => m.SetOffset(callback, callback.Offset + 8)));
        }
        if (_relas.Find(r => r.Target.Name == Patch && r.Offset == manifest.Layout.PatchStates) is { } states)
        {
            var at = Data().Offset + (int)states.Addend;
            choices.Add(() => Change("klp_state: version", m => m.Bytes[at + manifest.Layout.StateVersion] ^= 4));
            choices.Add(() => Change("klp_state: id", m => m.Bytes[at + manifest.Layout.StateId] ^= 4));
            choices.Add(() => Change("klp_patch: no states", m => m.Remove(states)));
        }
        return choices.Count == 0 ? null : Any(choices)!();
    }

    private Mutant? DroppedRelocation(bool livepatch) =>
        Any(Meaningful().FindAll(r => livepatch == r.Table.Name.StartsWith(".klp.rela.", StringComparison.Ordinal))) is not { } r ? null
            : Change($"{Where(r)}: relocation gone", m => m.Remove(r));

    private Mutant? Truncated() => Any(_sections.FindAll(s => s.IsCode && s.Size > 16 || s.IsAlloc && s.Name.StartsWith("__", StringComparison.Ordinal) && s.Size >= 16)) is not { } section ? null
        : Change($"{section.Name}: 8 bytes less", m => m.SetSize(section, section.Size - 8));
}
