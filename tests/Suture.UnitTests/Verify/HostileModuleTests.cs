using Shouldly;
using Suture.Elf;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>Modules that are made to make the check fall over: it finds fault with them, or says that they are damaged, and is done soon.</summary>
public sealed class HostileModuleTests
{
    private const string Source = """
        void sink(int, const char *);
        static long zeroes[64];
        int f(int a) { sink(a, "text"); return a + 1; }
        int g(int a) { return (int)(zeroes[a & 63] += a); }
        """;

    private static SmallLivepatch Module() => new(new CompiledPair("int f(int a) { return a; }", Source), ["f"], "g", "zeroes");

    [Fact]
    public void One_that_nobody_damaged_is_verified() => Module().Check().Faults.ShouldBeEmpty();

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MaxValue - 3)]
    [InlineData(long.MinValue)]
    [InlineData(long.MinValue + 5)]
    [InlineData(-1)]
    [InlineData(1 << 20)]
    public void Places_at_the_end_of_all_numbers_are_faults(long place)
    {
        foreach (var damage in new Action<SmallLivepatch>[]
        {
            m => m.Function("f").Value = (ulong)place,
            m => m.Function("g").Value = (ulong)place,
            m => m.Function("suture_patch").Value = (ulong)place,
            m => Readdress(m.Structures, 8, place),
            m => Readdress(m.Structures, 208, place),
            m => Readdress(m.Structures, 424, place),
            m => Readdress(m.Structures, 432, place),
            m => Readdress(m.Elf.FindSection("__mcount_loc")!, 0, place),
            m => Readdress(m.Elf.FindSection(".text.g")!, 9, place),
        })
        {
            var module = Module();
            damage(module);
            module.Check().Verified.ShouldBeFalse();
        }
    }

    private static void Readdress(Section section, ulong from, long addend)
    {
        var at = section.Relocations.FindIndex(r => r.Offset >= from);
        section.Relocations[at] = section.Relocations[at] with { Addend = addend };
    }

    [Theory]
    [InlineData("__mcount_loc")]
    [InlineData(".smp_locks")]
    [InlineData(".orc_unwind_ip")]
    public void Tables_that_are_not_in_the_file_are_faults(string name)
    {
        var module = Module();
        module.Elf.Sections.RemoveAll(s => s.Name == name);
        module.Elf.Sections.Add(new Section(name, SectionType.NoBits, SectionFlags.Alloc) { Size = 1 << 29 });
        module.Check().Faults.ShouldContain(f => f.Contains(name, StringComparison.Ordinal));
    }

    [Fact]
    public void Zeroes_cost_nothing_however_many_a_record_wants()
    {
        var module = Module();
        module.Manifest = module.Manifest with { Pieces = [.. module.Manifest.Pieces.Select(p => p.Name == "zeroes" ? p with { Size = (1 << 30) - 1 } : p)] };
        module.Elf.FindSection(".bss.zeroes")!.Size = 1 << 30;
        var before = GC.GetAllocatedBytesForCurrentThread();
        module.Check();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 26);
    }

    [Fact]
    public void Contents_of_another_length_than_their_piece_are_refused()
    {
        var module = Module();
        var text = (module.Manifest with { Pieces = [.. module.Manifest.Pieces.Select(p => p.Name == "f" ? p with { Bytes = p.Bytes + "90" } : p)] }).ToBytes();
        Should.Throw<DamagedFileException>(() => Manifest.Read(text, "m.ko")).Message.ShouldContain("bytes of a piece");
    }

    [Fact]
    public void Everything_compared_with_everything_ends_soon()
    {
        // Thousands of symbols and pieces of one long name: each could be each.
        const int many = 5000;
        var module = Module();
        var bytes = string.Concat(Enumerable.Repeat("90", 4096));
        var text = module.Add(".text.many", SectionFlags.Alloc | SectionFlags.ExecInstr, new byte[4096 + many]);
        module.Elf.Symbols.AddRange(Enumerable.Range(0, many).Select(i => new Symbol("many") { Section = text, Value = (ulong)i, Size = 4096, Type = SymbolType.Func }));
        var piece = module.Manifest.Pieces.First(p => p.Name == "f") with { Name = "many", Required = true, Size = 4096, Prefix = 0, Bytes = bytes, References = [], Entries = [] };
        module.Manifest = module.Manifest with { Pieces = [.. module.Manifest.Pieces, .. Enumerable.Repeat(piece, many)] };
        Should.Throw<DamagedFileException>(() => module.Check()).Message.ShouldContain("made to be expensive");
    }

    [Fact]
    public void Sections_that_share_their_bytes_are_refused()
    {
        var file = Module().Elf.Write();
        var headers = (int)BitConverter.ToInt64(file, 40);
        var count = BitConverter.ToUInt16(file, 60);
        for (var i = 1; i < count; i++)
        {
            if (BitConverter.ToInt32(file, headers + i * 64 + 4) == 1)
            {
                BitConverter.TryWriteBytes(file.AsSpan(headers + i * 64 + 24), 0L);
                BitConverter.TryWriteBytes(file.AsSpan(headers + i * 64 + 32), (long)file.Length);
            }
        }
        Should.Throw<DamagedFileException>(() => RelocatableFile.Read(file, "shared.ko")).Message.ShouldContain("more than the file");
    }

    [Fact]
    public void What_nobody_foresaw_is_the_files_fault()
    {
        Should.Throw<DamagedFileException>(() => HostileFile.Look<int>("m.ko", () => throw new IndexOutOfRangeException("beyond"))).Message.ShouldContain("m.ko: its contents");
        Should.Throw<IOException>(() => HostileFile.Look<int>("m.ko", () => throw new IOException("disk")));
        HostileFile.Look("m.ko", () => 3).ShouldBe(3);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    public void Damage_of_any_kind_ends_in_a_report_or_its_own_error(int seed)
    {
        var module = Module();
        var (reports, refused) = (0, 0);
        foreach (var damaged in Suture.UnitTests.Elf.DamagedObjectTests.Damage(module.Elf.Write(), seed, 2000))
        {
            try
            {
                ModuleCheck.Run(RelocatableFile.Read(damaged, "damaged"), module.Manifest);
                reports++;
            }
            catch (DamagedFileException)
            {
                refused++;
            }
        }
        reports.ShouldBeGreaterThan(100);
        refused.ShouldBeGreaterThan(100);
    }
}
