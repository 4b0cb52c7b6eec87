using Shouldly;
using Suture.Diff;
using Suture.Elf;
using Xunit;

namespace Suture.UnitTests.Diff;

/// <summary>Anonymous data that refers to anonymous data: each pair is compared once, however many ways lead to it (found by fuzzing).</summary>
public sealed class AnonymousChainTests
{
    private const int Levels = 12;
    private const int Ways = 16;

    [Fact(Timeout = 20_000)]
    public async Task Many_ways_through_anonymous_data_cost_no_more_than_one()
    {
        var verdict = await Task.Run(() => Differ.Run(Chain(last: 1), Chain(last: 1)).Verdict, TestContext.Current.CancellationToken);
        verdict.ShouldBe(Verdict.Unchanged);
    }

    [Fact]
    public void A_difference_at_the_end_of_the_chain_is_a_change() =>
        Differ.Run(Chain(last: 1), Chain(last: 2)).Findings.ShouldContain(f => f.Symbol == "table");

    /// <summary>A table whose entries all point at one unnamed constant, whose words all point at the next, and so on.</summary>
    private static ElfObject Chain(byte last)
    {
        var source = new ElfObject("chain.o");
        var sections = Enumerable.Range(0, Levels).Select(i => new Section($".rodata.level{i}", SectionType.ProgBits, SectionFlags.Alloc)
        {
            Data = new byte[8 * Ways],
            Alignment = 8,
        }).ToList();
        sections[^1].Data[0] = last;
        source.Sections.AddRange(sections);
        source.Symbols.Add(new Symbol("table") { Section = sections[0], Size = 8 * Ways, Type = SymbolType.Object });
        for (var i = 0; i + 1 < Levels; i++)
        {
            var next = new Symbol("") { Section = sections[i + 1], Type = SymbolType.Section };
            source.Symbols.Add(next);
            sections[i].Relocations.AddRange(Enumerable.Range(0, Ways).Select(w => new Relocation((ulong)(8 * w), RelocationType.Abs64, next, 0)));
        }
        return source;
    }
}
