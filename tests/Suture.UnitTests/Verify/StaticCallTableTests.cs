using Shouldly;
using Suture.Elf;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>The table of static calls, which older kernels' objtool writes without an option that would tell.</summary>
public sealed class StaticCallTableTests
{
    private const string Source = "extern void __SCT__hook(void); int f(int a) { __SCT__hook(); return a; }";

    private static readonly CompiledPair Pair = new(Source.Replace("return a;", "return a + 1;", StringComparison.Ordinal), Source);

    private static readonly KernelOfSymbols Kernel = new KernelOfSymbols().Has("__fentry__", 'T').Has("__SCT__hook", 'T').Has("__SCK__hook", 'D');

    private static IReadOnlyList<string> Faults(string[] generated, string[] possible, bool withTable, long site = 5)
    {
        var module = new SmallLivepatch(Pair, ["f"]);
        module.Manifest = Expectation.Derive(CompiledPair.Terms with { Generated = generated.ToHashSet(), Possible = possible.ToHashSet() }, [Pair.Unit("vmlinux", ["f"])], Kernel).Manifest;
        if (withTable)
        {
            var text = module.Function("f").Section!;
            var at = (long)text.Relocations.Single(r => r.Symbol.Name == "__SCT__hook").Offset - 1 + site - 5;
            var key = new Symbol("__SCK__hook") { Binding = SymbolBinding.Global };
            module.Elf.Symbols.Add(key);
            var table = module.Add(".static_call_sites", SectionFlags.Alloc | SectionFlags.Write, new byte[8]);
            table.Relocations.Add(new Relocation(0, RelocationType.Pc32, module.Elf.SectionSymbol(text), at));
            table.Relocations.Add(new Relocation(4, RelocationType.Pc32, key, 0));
        }
        return [.. module.Check().Faults.Where(f => f.Contains(".static_call_sites", StringComparison.Ordinal))];
    }

    [Fact]
    public void Where_objtool_is_told_to_the_entry_must_be_there()
    {
        Faults([".static_call_sites"], [], withTable: true).ShouldBeEmpty();
        Faults([".static_call_sites"], [], withTable: false).ShouldHaveSingleItem().ShouldContain("is missing");
    }

    [Fact]
    public void Where_it_is_not_told_the_entry_may_be_there()
    {
        Faults([], [".static_call_sites"], withTable: true).ShouldBeEmpty();
        Faults([], [".static_call_sites"], withTable: false).ShouldBeEmpty();
    }

    [Fact]
    public void An_entry_where_no_trampoline_is_called_is_a_fault() =>
        Faults([], [".static_call_sites"], withTable: true, site: 6).ShouldHaveSingleItem().ShouldContain("asks for no such entry");
}
