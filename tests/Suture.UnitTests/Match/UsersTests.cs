using System.Globalization;
using Shouldly;
using Suture.Build.Match;
using Suture.Elf;
using Suture.Kernel;
using Suture.UnitTests.Elf;
using Xunit;

namespace Suture.UnitTests.Match;

/// <summary>Who uses a function is read from the linked image: by calls, jumps and pointers.</summary>
public sealed class UsersTests
{
    private const string Source = """
        asm(".text\n.globl _stext\n_stext: nop");
        __attribute__((noinline)) int callee(int a) { asm volatile(""); return a + 1; }
        __attribute__((noinline)) int lonely(int a) { asm volatile(""); return a + 2; }
        int calls(int a) { return callee(a) + 1; }
        int jumps(int a) { return callee(a); }
        int (*takes(void))(int) { return callee; }
        int (*table[])(int) = { 0, lonely };
        int (*second)(int) = callee;
        asm(".section .text.twin,\"ax\"\n.type twin,@function\ntwin: jmp lonely\n.size twin,.-twin\n");
        """;

    private static readonly Lazy<(string Linked, string Object)> Files = new(() =>
    {
        var source = SampleObjects.Save(System.Text.Encoding.UTF8.GetBytes(Source));
        var (made, linked) = (source + ".o", source + ".elf");
        SampleObjects.Run("gcc", "-O2", "-fno-toplevel-reorder", "-ffunction-sections", "-fno-pie", "-fcf-protection=none", "-fno-asynchronous-unwind-tables", "-x", "c", "-c", source, "-o", made);
        SampleObjects.Run("ld", "-o", linked, "-e", "_stext", "-u", "_etext", "-u", "_edata", "--defsym=_etext=etext", "--defsym=_edata=edata", made);
        return (linked, made);
    });

    private static VmlinuxImage Image(params string[] twice)
    {
        var symbols = SampleObjects.Run("nm", "-n", Files.Value.Linked).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' '))
            .Select(w => new KernelSymbol(ulong.Parse(w[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), w[1][0], w[2]))
            .SelectMany(s => twice.Contains(s.Name) ? [s, new KernelSymbol(s.Address + 1, s.Type, s.Name)] : (IEnumerable<KernelSymbol>)[s]);
        return new VmlinuxImage(ElfImage.Read(File.ReadAllBytes(Files.Value.Linked), "linked"), SystemMap.Create(symbols));
    }

    [Fact]
    public void Calls_jumps_addresses_and_pointers_are_found() => Image().UsersOf("callee").ShouldBe(["calls", "jumps", "takes", "second"], ignoreOrder: true);

    [Fact]
    public void Assembly_and_tables_are_found() => Image().UsersOf("lonely").ShouldBe(["twin", "table"], ignoreOrder: true);

    [Fact]
    public void Nobody_is_an_answer() => Image().UsersOf("calls").ShouldBeEmpty();

    [Fact]
    public void A_name_of_several_symbols_gives_none() => Image("callee").UsersOf("callee").ShouldBeNull();

    [Fact]
    public void A_user_of_an_ambiguous_name_is_marked() => Image("jumps").UsersOf("callee")!.ShouldContain("jumps (one of several)");

    [Fact]
    public void In_a_module_relocations_tell() => new ModuleImage("m", ElfObject.ReadFile(Files.Value.Object)).UsersOf("callee")
        .ShouldBe(["calls", "jumps", "takes", "second"], ignoreOrder: true);
}
