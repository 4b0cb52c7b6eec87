using Shouldly;
using Suture.Elf;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>What the module loader goes by besides bytes and references: names, flags and alignment of sections, types of relocations.</summary>
public sealed class LoaderPropertyTests
{
    private const string Source = """
        static __attribute__((aligned(64))) long state[8] = { 1 };
        __attribute__((section(".data..percpu"))) int counter = 1;
        int f(int a) { state[a & 7] += a; return a + counter; }
        """;

    private static SmallLivepatch Module() => new(new CompiledPair("int f(int a) { return a; }", Source), ["f"], "state", "counter");

    private static void ShouldFail(SmallLivepatch module, string words) => module.Check().Faults.ShouldContain(f => f.Contains(words, StringComparison.Ordinal));

    [Fact]
    public void As_compiled_it_is_verified() => Module().Check().Faults.ShouldBeEmpty();

    [Fact]
    public void Alignment_may_grow_and_not_shrink()
    {
        var module = Module();
        var section = module.Elf.FindSection(".data.state")!;
        section.Alignment = 128;
        module.Check().Faults.ShouldBeEmpty();
        section.Alignment = 32;
        ShouldFail(module, "aligned to 32 bytes");
    }

    [Theory]
    [InlineData("__mcount_loc")]
    [InlineData(".modinfo")]
    [InlineData(".data..percpu")]
    public void No_section_is_there_twice(string name)
    {
        var module = Module();
        module.Add(name, SectionFlags.Alloc, []);
        ShouldFail(module, $"2 sections {name}");
    }

    [Theory]
    [InlineData(".init.text")]
    [InlineData(".exit.text.f")]
    public void Code_is_not_given_back_after_initialisation(string name)
    {
        var module = Module();
        module.Elf.FindSection(".text.f")!.Name = name;
        ShouldFail(module, name);
    }

    [Fact]
    public void Per_cpu_data_is_known_by_its_whole_name()
    {
        var module = Module();
        module.Elf.FindSection(".data..percpu")!.Name = ".data..percpu..read_mostly";
        ShouldFail(module, ".data..percpu..read_mostly");
    }

    [Fact]
    public void Relocations_of_the_livepatch_core_are_loaded()
    {
        var module = Module();
        module.Elf.Sections.Add(new Section(".klp.rela.vmlinux..text.f", SectionType.Rela, SectionFlags.RelaLivepatch) { Target = module.Elf.FindSection(".text.f") });
        ShouldFail(module, "is not loaded");
    }

    [Theory]
    [InlineData(0u, 0)]
    [InlineData(1u, 8)]
    [InlineData(2u, 4)]
    [InlineData(4u, 4)]
    [InlineData(9u, 0)]
    [InlineData(10u, 4)]
    [InlineData(11u, 4)]
    [InlineData(24u, 8)]
    [InlineData(41u, 0)]
    [InlineData(42u, 0)]
    public void Only_what_the_loader_applies_has_a_width(uint type, int width) => RelocationKind.Width(type).ShouldBe(width);
}
