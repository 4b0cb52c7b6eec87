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
        var (first, second, start) = (Compile(First), Compile(Second), Compile(Start));
        var linked = first + ".elf";
        SampleObjects.Run("ld", "-o", linked, "-e", "_stext", "-u", "_etext", "-u", "_edata", "--defsym=_etext=etext", "--defsym=_edata=edata", start, first, second);
        var symbols = SampleObjects.Run("nm", "-n", linked).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' '))
            .Select(w => new KernelSymbol(ulong.Parse(w[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), w[1][0], w[2]));
        var image = new VmlinuxImage(ElfImage.Read(File.ReadAllBytes(linked), "linked"), SystemMap.Create(symbols));
        var model = ObjectModel.Build(ElfObject.ReadFile(unit == First ? first : second));

        var place = image.Match(model).Resolve(model.Functions.Single(f => f.Name == "s_stop")).ShouldNotBeNull();

        place.SymPos.ShouldBe(sympos);
    }

    private static string Compile(string source)
    {
        var file = SampleObjects.Save(Encoding.UTF8.GetBytes(source));
        SampleObjects.Run("gcc", "-O2", "-fno-toplevel-reorder", "-ffunction-sections", "-fno-pie", "-fcf-protection=none", "-fno-asynchronous-unwind-tables", "-x", "c", "-c", file, "-o", file + ".o");
        return file + ".o";
    }
}
