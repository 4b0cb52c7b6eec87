using Shouldly;
using Suture.Elf;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>Pointers to running functions that a processor with CET would not follow.</summary>
public sealed class HandedOutAddressTests
{
    private static readonly byte[] Landing = [0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x1f, 0x44, 0x00];
    private static readonly byte[] NoLanding = [0x0f, 0x1f, 0x44, 0x00, 0x00, 0x55, 0x48, 0x89];

    private static List<string> Faults(string body, KernelOfSymbols kernel, string symbol = ".klp.sym.vmlinux.helper,0")
    {
        var source = $"int helper(int); void take(int (*)(int)); extern int (*slot)(int); int f(int a) {{ {body}; return a; }}";
        var pair = new CompiledPair(source.Replace(body, "take(0)", StringComparison.Ordinal), source);
        var module = new SmallLivepatch(pair, ["f"]);
        var helper = module.Function("helper");
        (helper.Name, helper.Place) = (symbol, Suture.Elf.SymbolPlace.Livepatch);
        return [.. module.Check(kernel).Faults.Where(f => f.Contains("ENDBR64", StringComparison.Ordinal))];
    }

    private static KernelOfSymbols Kernel(byte[] code, char type = 't', bool checks = true) => new KernelOfSymbols { ChecksIndirectBranches = checks }.Has("helper", type, code);

    [Theory]
    [InlineData("take(helper)")]
    [InlineData("slot = helper")]
    [InlineData("""asm volatile("lea helper(%%rip), %%rax" ::: "rax")""")]
    public void An_address_of_a_function_without_landing_place_is_a_fault(string body)
    {
        Faults(body, Kernel(NoLanding)).ShouldHaveSingleItem().ShouldContain("'helper' of vmlinux");
        Faults(body, Kernel(Landing)).ShouldBeEmpty();
        Faults(body, Kernel(NoLanding, checks: false)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("a = helper(a)")]
    [InlineData("return helper(a)")]
    [InlineData("""asm volatile("jz helper")""")]
    [InlineData("""asm volatile(".byte 0xe8\n.long helper - . - 4")""")]
    public void Calls_and_jumps_need_none(string body) => Faults(body, Kernel(NoLanding)).ShouldBeEmpty();

    [Fact]
    public void Data_marks_of_the_linker_and_what_assembly_returns_to_are_not_called()
    {
        Faults("take(helper)", Kernel(NoLanding, 'd')).ShouldBeEmpty();
        Faults("take(helper)", new KernelOfSymbols { ChecksIndirectBranches = true }.Has("_etext", 'T', NoLanding), ".klp.sym.vmlinux._etext,0").ShouldBeEmpty();
        Faults("take(helper)", Kernel(NoLanding, 'T')).ShouldBeEmpty();
    }

    [Fact]
    public void A_landing_place_that_the_kernel_overwrites_at_boot_is_none()
    {
        // helper lies two pages behind the table, whose only entry leads there.
        var kernel = new KernelOfSymbols { ChecksIndirectBranches = true }.Has("__ibt_endbr_seal", 'D', [.. BitConverter.GetBytes(8192), .. new byte[4092]])
            .Has("__ibt_endbr_seal_end", 'D').Has("helper", 'T', Landing);
        Faults("take(helper)", kernel).ShouldHaveSingleItem();
    }

    [Fact]
    public void Functions_of_modules_are_looked_at_in_their_file()
    {
        const string One = """asm(".type helper,@function\nhelper: BYTES; ret\n.size helper,.-helper");""";
        foreach (var (bytes, faults) in new[] { ("endbr64", 0), ("nop", 1) })
        {
            var file = new CompiledPair(One.Replace("BYTES", bytes, StringComparison.Ordinal) + "int pad(void) { return 1; }", "").Original;
            Faults("take(helper)", new KernelOfSymbols { ChecksIndirectBranches = true }.HasModule("drv", file), ".klp.sym.drv.helper,0").Count.ShouldBe(faults);
        }
    }
}
