using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.FixtureTests;

/// <summary>
/// Whether an output is sound, by means that share nothing with the engine: binutils links and disassembles it,
/// and each included function is compared, instruction by instruction, with the compiler's own object.
/// </summary>
internal static partial class OutputCheck
{
    /// <summary>What is wrong, one line each; empty when nothing is.</summary>
    public static List<string> Faults(FixtureRun run, ElfObject output)
    {
        var faults = FormFaults(output);
        var path = run.File($".{Guid.NewGuid():n}.output.o");
        File.WriteAllBytes(path, output.Write());
        Tool.Run("ld", "-r", "--fatal-warnings", path, "-o", path + ".linked");

        var written = new Disassembly(ElfObject.ReadFile(path), path);
        var patched = new Disassembly(run.Patched, run.PatchedPath);
        foreach (var element in run.Result.Included.Where(e => e.Symbol is not null))
        {
            var expected = patched.Describe(element.Symbol!);
            var actual = written.Object.Symbols.FindAll(s => s.Name == element.Name && s.Section is not null)
                .ConvertAll(written.Describe);
            foreach (var s in output.Symbols.FindAll(s => s.Name == element.Name && s.Section is not null))
            {
                var asked = (long)Math.Min(element.Section.Alignment, 4096);
                if (s.Value % (ulong)asked != element.Symbol!.Value % (ulong)asked || (long)s.Section!.Alignment < asked)
                {
                    faults.Add($"'{s.Name}' at {s.Section!.Name}+0x{s.Value:x} (aligned to {s.Section.Alignment}) is not aligned to {asked} as it was");
                }
            }
            if (!actual.Contains(expected))
            {
                faults.Add($"'{element.Name}' differs from the compiler's.\nexpected:\n{expected}\ngot:\n{string.Join("\nor:\n", actual)}");
            }
        }
        return faults;
    }

    /// <summary>What is wrong with the graph itself: relocations out of bounds or over bytes that are not zero, symbols in nothing.</summary>
    public static List<string> FormFaults(ElfObject output)
    {
        var faults = new List<string>();
        foreach (var section in output.Sections)
        {
            foreach (var r in section.Relocations)
            {
                var width = RelocationType.Width(r.Type);
                if (width <= 0 || r.Offset + (ulong)width > section.Size)
                {
                    faults.Add($"{section.Name}+0x{r.Offset:x}: relocation of type {r.Type} out of bounds");
                }
                else if (section.Data.AsSpan((int)r.Offset, width).ContainsAnyExcept((byte)0))
                {
                    faults.Add($"{section.Name}+0x{r.Offset:x}: the relocated field is not zero");
                }
            }
        }
        faults.AddRange(output.Symbols.Where(s => s.Binding == SymbolBinding.Local && s.Section is null && s.Type != SymbolType.File)
            .Select(s => $"local symbol '{s.Name}' is not defined"));
        faults.AddRange(output.Symbols.Where(s => s.Section is not null && !output.Sections.Contains(s.Section))
            .Select(s => $"symbol '{s.Name}' is in no section of the output"));
        return faults;
    }

    /// <summary>An object with the instruction boundaries that objdump sees.</summary>
    private sealed partial class Disassembly
    {
        private readonly Dictionary<Section, List<long>> _starts = new(ReferenceEqualityComparer.Instance);
        private readonly Dictionary<Section, List<(long Next, long Target)>> _branches = new(ReferenceEqualityComparer.Instance);

        public Disassembly(ElfObject source, string path)
        {
            Object = source;
            var code = new Queue<Section>(source.Sections.Where(s => s.IsCode && s.Size > 0));
            var (starts, targets) = (new List<long>(), new List<(int Index, long Target)>());
            foreach (var line in Tool.Run("objdump", "-d", "-z", "--no-show-raw-insn", path).Split('\n').Append("Disassembly of section "))
            {
                if (line.StartsWith("Disassembly of section ", StringComparison.Ordinal))
                {
                    if (starts.Count > 0)
                    {
                        var section = code.Dequeue();
                        starts.Add((long)section.Size);
                        _starts[section] = starts;
                        var all = starts;
                        _branches[section] = targets.ConvertAll(t => (all[t.Index + 1], t.Target));
                    }
                    (starts, targets) = ([], []);
                }
                else if (Instruction().Match(line) is { Success: true } match)
                {
                    starts.Add(Number(match.Groups[1]));
                    if (match.Groups[2].Success)
                    {
                        targets.Add((starts.Count - 1, Number(match.Groups[2])));
                    }
                }
            }
        }

        public ElfObject Object { get; }

        /// <summary>The bytes of <paramref name="symbol"/> with relocated fields masked, then each relocation with the name of what it leads to.</summary>
        public string Describe(Symbol symbol)
        {
            if (symbol.Section is not { } section)
            {
                // The linker has yet to give it a place (SHN_COMMON): zeros, in either case.
                return $"  {symbol.Size} \n";
            }
            var (start, size) = ((long)symbol.Value, (long)symbol.Size);
            var bytes = section.Type == SectionType.NoBits ? [] : section.Data.AsSpan((int)start, (int)size).ToArray();
            var text = new StringBuilder();
            var relocations = section.Relocations.Where(r => (long)r.Offset >= start && (long)r.Offset < start + size);
            foreach (var r in relocations.Concat(ResolvedBranches(section, start, size)).OrderBy(r => r.Offset))
            {
                bytes.AsSpan((int)((long)r.Offset - start), RelocationType.Width(r.Type)).Clear();
                text.AppendLine(CultureInfo.InvariantCulture, $"  +0x{(long)r.Offset - start:x} {RelocationType.Width(r.Type)} {Target(section, r)}");
            }
            return $"  {size} {Convert.ToHexString(bytes)}\n{text}";
        }

        /// <summary>Branches that the assembler resolved itself, to a neighbour in the same section; in the output they are relocations.</summary>
        private IEnumerable<Relocation> ResolvedBranches(Section section, long start, long size)
        {
            if (!_branches.TryGetValue(section, out var branches))
            {
                return [];
            }
            var self = new Symbol("") { Section = section, Type = SymbolType.Section };
            return branches
                .Where(b => b.Next > start && b.Next <= start + size && (b.Target < start || b.Target >= start + size)
                    && !section.Relocations.Exists(r => (long)r.Offset == b.Next - 4))
                .Select(b => new Relocation((ulong)b.Next - 4, RelocationType.Plt32, self, b.Target - 4));
        }

        private string Target(Section from, Relocation r)
        {
            var place = r.Addend;
            if (RelocationType.IsPcRelative(r.Type) && _starts.TryGetValue(from, out var starts))
            {
                place += starts.Find(s => s > (long)r.Offset) - (long)r.Offset;
            }
            if (r.Symbol.Section is not { } section)
            {
                return $"{SymbolNames.Key(r.Symbol.Name)}+{place}";
            }
            place += (long)r.Symbol.Value;
            if (section.IsStrings)
            {
                // A place outside of the text that a label marks counts from that text.
                var label = (long)r.Symbol.Value;
                var outside = !r.Symbol.IsSection && (place < label || place > label + section.Data.AsSpan((int)label).IndexOf((byte)0));
                var rest = section.Data.AsSpan((int)(outside ? label : place));
                return $"\"{Encoding.Latin1.GetString(rest[..rest.IndexOf((byte)0)])}\"{(outside ? place - label : "")}";
            }
            // The symbol that holds the place; else the one that ends there: &array[N].
            var named = Object.Symbols.FindAll(s => s.Section == section && s.Type is SymbolType.Func or SymbolType.Object && s.Name.Length > 0
                && !s.Name.StartsWith("__pfx_", StringComparison.Ordinal));
            var holder = named.Find(s => (long)s.Value <= place && place < (long)(s.Value + s.Size))
                ?? named.Find(s => place == (long)(s.Value + s.Size));
            return holder is null ? $"anonymous {section.Name}" : $"{SymbolNames.Key(holder.Name)}+{place - (long)holder.Value}";
        }

        private static long Number(Group group) => long.Parse(group.ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

        [GeneratedRegex("^ *([0-9a-f]+):\t(?:(?:cs )?(?:call|j[a-z]+)(?:,p[nt])? +([0-9a-f]+) <)?")]
        private static partial Regex Instruction();
    }
}
