using System.Buffers.Binary;
using System.Text;
using Suture.Elf;
using Suture.Verify;

namespace Suture.UnitTests.Verify;

/// <summary>A livepatch of one unit, put together by hand: the patched object itself, with what makes a module of it. As it is it stands up to the check.</summary>
internal sealed class SmallLivepatch
{
    private const int ObjectsAt = 200;
    private const int FunctionsAt = ObjectsAt + 2 * 112;
    private const int FunctionSize = 120;

    /// <summary>What the module must be.</summary>
    public Manifest Manifest { get; set; }

    /// <summary>The module, to be damaged.</summary>
    public ElfObject Elf { get; }

    /// <summary>The section with the livepatch's structures.</summary>
    public Section Structures { get; }

    /// <summary>Makes one of <paramref name="pair"/>, in which <paramref name="replaced"/> are replaced and <paramref name="brought"/> brought along.</summary>
    public SmallLivepatch(CompiledPair pair, string[] replaced, params string[] brought)
    {
        Manifest = pair.Expect(replaced, brought).Manifest;
        Elf = ElfObject.Read(pair.Patched, "suture_test.ko");
        Add(".modinfo", SectionFlags.Alloc, Encoding.ASCII.GetBytes("livepatch=Y\0vermagic=6.1.0-test SMP\0name=suture_test\0license=GPL\0"));
        var itself = Symbol("__this_module", Add(".gnu.linkonce.this_module", SectionFlags.Alloc | SectionFlags.Write, new byte[64]), 0);
        var names = Add(".rodata.suture_names", SectionFlags.Alloc, Encoding.ASCII.GetBytes(string.Join('\0', replaced) + "\0"));
        Structures = Add(".data.suture_patch", SectionFlags.Alloc | SectionFlags.Write, new byte[FunctionsAt + (replaced.Length + 1) * FunctionSize]);
        Structures.Alignment = 8;
        Structures.Data[16] = 1;
        Symbol("suture_patch", Structures, 0);
        Point(0, itself, 0);
        Point(8, Elf.SectionSymbol(Structures), ObjectsAt);
        Point(ObjectsAt + 8, Elf.SectionSymbol(Structures), FunctionsAt);
        for (var (i, name) = (0, 0); i < replaced.Length; name += replaced[i++].Length + 1)
        {
            Point(FunctionsAt + i * FunctionSize, Elf.SectionSymbol(names), name);
            Point(FunctionsAt + i * FunctionSize + 8, Function(replaced[i]), 0);
        }
        if (Elf.FindSection("__mcount_loc") is null)
        {
            AddTracerCalls();
        }
        Add(".note.suture", SectionFlags.Alloc, Note(replaced)).Type = SectionType.Note;
    }

    /// <summary>The symbol <paramref name="name"/>.</summary>
    public Symbol Function(string name) => Elf.Symbols.Find(s => s.Name == name)!;

    /// <summary>Adds a section.</summary>
    public Section Add(string name, SectionFlags flags, byte[] data)
    {
        var section = new Section(name, SectionType.ProgBits, flags) { Data = data, Alignment = 1 };
        Elf.Sections.Add(section);
        return section;
    }

    /// <summary>What the check says of the module as it is now.</summary>
    public CheckReport Check(IRunningKernel? kernel = null) => ModuleCheck.Run(RelocatableFile.Read(Elf.Write(), "suture_test.ko"), Manifest, kernel);

    private Symbol Symbol(string name, Section section, ulong at)
    {
        var symbol = new Symbol(name) { Section = section, Value = at, Type = SymbolType.Object, Binding = SymbolBinding.Global };
        Elf.Symbols.Add(symbol);
        return symbol;
    }

    private void Point(int at, Symbol symbol, long addend) => Structures.Relocations.Add(new Relocation((ulong)at, RelocationType.Abs64, symbol, addend));

    /// <summary>The tracer's table, as the kernel's build makes it.</summary>
    private void AddTracerCalls()
    {
        var sites = Elf.Sections.Where(s => s.IsCode).SelectMany(s => s.Relocations.Where(r => r.Symbol.Name == "__fentry__").Select(r => (Section: s, At: (long)r.Offset - 1))).ToList();
        var table = Add("__mcount_loc", SectionFlags.Alloc, new byte[sites.Count * 8]);
        table.Alignment = 8;
        table.Relocations.AddRange(sites.Select((s, i) => new Relocation((ulong)i * 8, RelocationType.Abs64, Elf.SectionSymbol(s.Section), s.At)));
    }

    private static byte[] Note(string[] replaced)
    {
        var functions = string.Join(",", replaced.Select(n => $$"""{"object":"vmlinux","name":"{{n}}","sympos":0}"""));
        var text = Encoding.UTF8.GetBytes($$$"""{"module":"suture_test","kernel":{"release":"6.1.0-test","buildId":"00"},"replace":true,"functions":[{{{functions}}}]}""");
        var note = new byte[20 + (text.Length + 3) / 4 * 4];
        BinaryPrimitives.WriteInt32LittleEndian(note, 7);
        BinaryPrimitives.WriteInt32LittleEndian(note.AsSpan(4), text.Length);
        BinaryPrimitives.WriteInt32LittleEndian(note.AsSpan(8), 1);
        "Suture\0"u8.CopyTo(note.AsSpan(12));
        text.CopyTo(note, 20);
        return note;
    }
}
