using System.Buffers.Binary;
using Shouldly;
using Suture.Elf;
using Xunit;

namespace Suture.UnitTests.Elf;

public sealed class RoundTripTests
{
    public static TheoryData<string> Names => [.. SampleObjects.All().Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_written_reads_as_the_same_graph(string name)
    {
        var first = ElfObject.Read(SampleObjects.All().First(s => s.Name == name).Bytes, name);
        var bytes = first.Write();
        var second = ElfObject.Read(bytes, name);
        SampleObjects.Describe(second).ShouldBe(SampleObjects.Describe(first));
        second.Write().AsSpan().SequenceEqual(bytes).ShouldBeTrue("the same graph gives the same bytes");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Binutils_find_nothing_wrong_with_what_is_written(string name)
    {
        var path = SampleObjects.Save(ElfObject.Read(SampleObjects.All().First(s => s.Name == name).Bytes, name).Write());
        var (output, errors) = SampleObjects.Run("readelf", "-a", "-W", path);
        errors.ShouldBeEmpty();
        output.ShouldNotContain("<corrupt");
        SampleObjects.Run("ld", "-r", "--fatal-warnings", path, "-o", path + ".linked");
    }

    [Fact]
    public void Groups_keep_their_signature_and_members()
    {
        var read = ElfObject.Read(ElfObject.Read(SampleObjects.Small, "small").Write(), "small");
        var group = read.Sections.Single(s => s.Type == SectionType.Group);
        group.GroupSignature!.Name.ShouldBe("shared");
        group.GroupMembers.ShouldHaveSingleItem().Name.ShouldBe(".text.shared");
        group.Data.ShouldBe([1, 0, 0, 0]); // GRP_COMDAT
    }

    [Fact]
    public void Livepatch_sections_and_symbols_survive()
    {
        var made = new ElfObject("patch");
        var code = new Section(".text.f", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.ExecInstr) { Data = new byte[64], Alignment = 16 };
        var rela = new Section(".klp.rela.vmlinux..text.f", SectionType.Rela, SectionFlags.Alloc | SectionFlags.RelaLivepatch) { Target = code, Alignment = 8, EntrySize = 24 };
        var symbol = new Symbol(".klp.sym.vmlinux.helper,2") { Place = SymbolPlace.Livepatch, Binding = SymbolBinding.Global };
        made.Sections.AddRange([code, rela]);
        made.Symbols.Add(symbol);
        var ordinary = new Symbol("printk") { Binding = SymbolBinding.Global };
        made.Symbols.Add(ordinary);
        rela.Relocations.Add(new Relocation(8, RelocationType.Plt32, symbol, -4));
        code.Relocations.Add(new Relocation(16, RelocationType.Plt32, ordinary, -4));

        var bytes = made.Write();
        var read = ElfObject.Read(bytes, "patch");

        SampleObjects.Describe(read).ShouldBe(SampleObjects.Describe(made));
        read.Sections[1].Target.ShouldBe(read.Sections[0]);
        read.Symbols[0].Place.ShouldBe(SymbolPlace.Livepatch);
        SampleObjects.Run("readelf", "-a", "-W", SampleObjects.Save(bytes)).Errors.ShouldBeEmpty();
    }

    [Fact]
    public void A_signature_behind_the_file_is_its_trailer()
    {
        byte[] signature = [.. "~Module signature appended~\n"u8];
        var read = ElfObject.Read([.. SampleObjects.Small, .. signature], "signed");
        read.Trailer.ToArray().ShouldBe(signature);
        ElfObject.Read(SampleObjects.Small, "plain").Trailer.Length.ShouldBe(0);
    }

    [Fact]
    public void More_sections_than_sixteen_bits_can_number()
    {
        const int count = 70_000;
        var made = new ElfObject("many");
        for (var i = 0; i < count; i++)
        {
            var section = new Section($".data.d{i}", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.Write) { Data = new byte[8], Alignment = 8 };
            BinaryPrimitives.WriteInt32LittleEndian(section.Data.AsSpan(4), i);
            made.Sections.Add(section);
        }
        foreach (var i in new[] { 0, 65_278, 65_279, 65_280, 65_534, 65_535, 65_536, count - 1 })
        {
            made.Symbols.Add(new Symbol($"d{i}") { Section = made.Sections[i], Size = 8, Type = SymbolType.Object });
            made.Sections[count / 2].Relocations.Add(new Relocation(0, RelocationType.Abs32, made.Symbols[^1], i));
        }

        var bytes = made.Write();
        SampleObjects.Describe(ElfObject.Read(bytes, "many")).ShouldBe(SampleObjects.Describe(made));

        // Null, the relocations of one section, symbols, their names and extended numbers, section names.
        var (output, errors) = SampleObjects.Run("readelf", "-hSW", SampleObjects.Save(bytes));
        errors.ShouldBeEmpty();
        output.ShouldContain($"Number of section headers:         0 ({count + 6})");
        output.ShouldContain(".data.d69999");
    }
}
