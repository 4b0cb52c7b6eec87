using System.Globalization;
using System.Text;
using Shouldly;
using Suture.Build.Match;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;
using Suture.UnitTests.Elf;
using Xunit;

namespace Suture.UnitTests.Match;

/// <summary>Which of several functions of one name and one code is the unit's: only code that the linker gathers says so.</summary>
public sealed class UnitPlacesTests
{
    private const string Start = "asm(\".text\\n.globl _stext\\n_stext: nop\");\n";
    private const string Namesake = "static __attribute__((noinline, used)) int s_stop(int a) { asm volatile(\"nop\"); return a ^ 5; }\n";

    /// <summary>Boot code lies behind all other code of the kernel: it does not make everything between it and the unit's other functions the unit's.</summary>
    private const string First = Namesake + "int first_unit(int a) { return a * 3; }\n__attribute__((section(\".init.text\"))) int first_boots(int a) { return a * 7; }\n";

    private const string Second = "int second_unit(int a) { return a * 11; }\n" + Namesake + "int second_ends(int a) { return a * 13; }\n";

    [Theory]
    [InlineData(First, 1)]
    [InlineData(Second, 2)]
    public void The_namesake_of_another_unit_is_not_taken(string unit, int sympos)
    {
        var (first, second) = (Compile(First), Compile(Second));
        var image = Link(Compile(Start), first, second);
        var model = ObjectModel.Build(ElfObject.ReadFile(unit == First ? first : second));

        var place = image.Match(model, asShipped: false).Resolve(model.Functions.Single(f => f.Name == "s_stop")).ShouldNotBeNull();

        place.SymPos.ShouldBe(sympos);
    }

    [Fact]
    public void A_namesake_that_matches_in_its_stead_is_no_witness()
    {
        // Shipped, the first unit jumps to its own 'further' in two bytes; compiled with a section per function it needs five, as the second unit's namesake does.
        const string further = "__attribute__((noipa, used)) int further(int a) { asm volatile(\"nop\"); return a * 3; }\n";
        const string jumping = "int further(int);\nstatic __attribute__((noipa, used)) int jumps(int a) { asm volatile(\"nop\"); return further(a + 1); }\n";
        var near = $"static {further}{jumping.Split('\n')[1]}\n";
        var image = Link(Compile(Start, sectioned: false), Compile(near, sectioned: false), Compile(jumping, sectioned: false), Compile(further, sectioned: false));
        UnitMatch Match(bool sectioned, out Element jumps)
        {
            var model = ObjectModel.Build(ElfObject.ReadFile(Compile(near, sectioned)));
            jumps = model.Functions.Single(f => f.Name == "jumps");
            return image.Match(model, asShipped: !sectioned);
        }

        Match(sectioned: true, out var apart).Resolve(apart).ShouldBeNull();
        Match(sectioned: false, out var together).Resolve(together).ShouldNotBeNull().SymPos.ShouldBe(1);
    }

    [Fact]
    public void Code_that_runs_elsewhere_than_its_callers_say_is_not_found()
    {
        const string other = "static __attribute__((noipa, used)) int twin(int a) { return a * 7; }\n";
        const string ours = "static __attribute__((noipa, used)) int twin(int a) { return a * 5; }\nint calls_twin(int a) { return twin(a) + 1; }\n";
        // What runs of our unit is another version of it; the other unit has the code that we have.
        var image = Link(Compile(Start), Compile(ours.Replace("* 5", "* 7", StringComparison.Ordinal)), Compile(other.Replace("* 7", "* 5", StringComparison.Ordinal)));
        var model = ObjectModel.Build(ElfObject.ReadFile(Compile(ours)));
        var twin = model.Functions.Single(f => f.Name == "twin");
        image.Match(model, asShipped: true).Resolve(twin).ShouldBeNull();
        image.Match(model, asShipped: false).Functions[twin].State.ShouldBe(MatchState.Mismatch);
    }

    private static VmlinuxImage Link(params string[] objects)
    {
        var linked = objects[0] + ".elf";
        SampleObjects.Run("ld", ["-o", linked, "-e", "_stext", "-u", "_etext", "-u", "_edata", "--defsym=_etext=etext", "--defsym=_edata=edata", .. objects]);
        var symbols = SampleObjects.Run("nm", "-n", linked).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' '))
            .Select(w => new KernelSymbol(ulong.Parse(w[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), w[1][0], w[2]));
        return new VmlinuxImage(ElfImage.Read(File.ReadAllBytes(linked), "linked"), SystemMap.Create(symbols));
    }

    private static string Compile(string source, bool sectioned = true)
    {
        var file = SampleObjects.Save(Encoding.UTF8.GetBytes(source));
        SampleObjects.Run("gcc", "-O2", "-fno-toplevel-reorder", sectioned ? "-ffunction-sections" : "-fno-function-sections", "-fno-pie", "-fcf-protection=none", "-fno-asynchronous-unwind-tables", "-x", "c", "-c", file, "-o", file + ".o");
        return file + ".o";
    }
}
