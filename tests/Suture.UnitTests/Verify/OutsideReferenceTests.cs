using Shouldly;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>What a reference to a symbol of another unit may lead to: what a linker would have given it, and nothing that only has its name.</summary>
public sealed class OutsideReferenceTests
{
    private static readonly CompiledPair User = new("int user(int a) { return a; }", "int helper(int); int user(int a) { return helper(a); }");

    private static ExpectationResult Derive(IRunningKernel kernel, params UnitPair[] units) => Expectation.Derive(CompiledPair.Terms, units, kernel);

    private static KernelOfSymbols Kernel() => new KernelOfSymbols().Has("__fentry__", 'T').Exports("__fentry__", "vmlinux").Has("user", 'T');

    /// <summary>What 'user' may call: a piece of its own module by name, a running symbol by object and position.</summary>
    private static string Callee(ExpectationResult result, string caller = "user")
    {
        var call = result.Manifest.Pieces.First(p => p.Name == caller).References.Single(r => r.Delta == -4 && !Name(result, r).Contains("__fentry__", StringComparison.Ordinal));
        return Name(result, call);
    }

    private static string Name(ExpectationResult result, ExpectedReference r) => r.Own is { } own ? "own " + result.Manifest.Pieces[own].Name
        : result.Manifest.Running[r.Running!.Value] is var s ? $"{s.Object}.{s.Names[0]},{s.SymPos}" : "";

    [Theory]
    [InlineData('T')]
    [InlineData('W')]
    [InlineData('w')]
    public void A_global_or_weak_one_serves(char type)
    {
        var result = Derive(Kernel().Has("helper", type), User.Unit("vmlinux", ["user"]));
        result.Omissions.ShouldBeEmpty();
        Callee(result).ShouldBe("vmlinux.helper,0");
    }

    [Fact]
    public void A_static_one_of_the_image_does_not_even_if_it_is_the_only_one() =>
        Derive(Kernel().Has("helper", 't'), User.Unit("vmlinux", ["user"])).Omissions.ShouldHaveSingleItem().ShouldContain("'user' refers to 'helper'");

    [Fact]
    public void Among_static_ones_the_global_is_meant() =>
        Callee(Derive(Kernel().Has("helper", 't').Has("helper", 'T'), User.Unit("vmlinux", ["user"]))).ShouldBe("vmlinux.helper,2");

    [Fact]
    public void A_static_one_of_the_module_does_not_hide_the_images()
    {
        const string Static = "__attribute__((used, noinline)) static int helper(int a) { return a; }";
        var kernel = Kernel().Has("helper", 'T').HasModule("drv", new CompiledPair(Static, Static).Original);
        Callee(Derive(kernel, User.Unit("drv", ["user"]))).ShouldBe("vmlinux.helper,0");
        Derive(Kernel().HasModule("drv", new CompiledPair(Static, Static).Original), User.Unit("drv", ["user"])).Omissions.ShouldContain(o => o.Contains("'helper'", StringComparison.Ordinal));
    }

    [Fact]
    public void A_global_one_of_the_module_is_its_own()
    {
        const string Global = "int helper(int a) { return a; }";
        Callee(Derive(Kernel().Has("helper", 'T').Exports("helper", "vmlinux").HasModule("drv", new CompiledPair(Global, Global).Original), User.Unit("drv", ["user"]))).ShouldBe("drv.helper,0");
    }

    [Fact]
    public void What_the_patch_makes_visible_is_the_static_one_of_that_unit()
    {
        const string Static = "__attribute__((noinline)) static int helper(int a) { return a * 7; } int first(int a) { return helper(a) + 1; }";
        var shown = new CompiledPair(Static, Static.Replace("static int", "int", StringComparison.Ordinal)).Unit("vmlinux", []) with { Unit = "shown.c" };
        var result = Derive(Kernel().Has("helper", 't').Has("first", 'T'), User.Unit("vmlinux", ["user"]), shown);
        result.Omissions.ShouldBeEmpty();
        Callee(result).ShouldBe("vmlinux.helper,0");
        // To another object it is as static as before.
        Derive(Kernel().Has("helper", 't').Has("first", 'T'), User.Unit("drv", ["user"]), shown).Omissions.ShouldHaveSingleItem().ShouldContain("'helper'");
    }

    [Fact]
    public void What_is_new_serves_units_of_its_own_object()
    {
        var added = new CompiledPair("", "int helper(int a) { return a * 3; }").Unit("drv", [], "helper") with { Unit = "added.c" };
        Callee(Derive(Kernel().Has("helper", 'T'), User.Unit("drv", ["user"]), added)).ShouldBe("own helper");
        Callee(Derive(Kernel().Has("helper", 'T'), User.Unit("vmlinux", ["user"]), added)).ShouldBe("vmlinux.helper,0");
    }

    [Theory]
    [InlineData("""asm(".section \"___ksymtab+helper\",\"a\"\n__ksymtab_helper: .long helper - .\n.text");""")]
    [InlineData("""asm(".section .export_symbol,\"a\"\n__export_symbol_helper: .asciz \"GPL\"\n.quad helper\n.text");""")]
    public void What_is_new_and_exported_serves_all(string export)
    {
        var added = new CompiledPair("", export + " int helper(int a) { return a * 3; }").Unit("drv", [], "helper") with { Unit = "added.c" };
        Callee(Derive(Kernel(), User.Unit("other", ["user"]), added)).ShouldBe("own helper");
    }
}
