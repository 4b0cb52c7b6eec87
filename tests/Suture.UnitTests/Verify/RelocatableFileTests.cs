using Shouldly;
using Suture.Elf;
using Suture.UnitTests.Elf;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>The verifier's own reader: it sees what the other one sees, and damage gives its own error and nothing else.</summary>
public sealed class RelocatableFileTests
{
    [Fact]
    public void Two_readers_see_the_same_object()
    {
        var one = RelocatableFile.Read(SampleObjects.Small, "sample");
        var other = ElfObject.Read(SampleObjects.Small, "sample");
        foreach (var section in other.Sections.Where(s => s.IsAlloc && s.Type is SectionType.ProgBits))
        {
            var same = one.Sections.First(s => s.Name == section.Name && s.Size == section.Data.Length && one.BytesOf(s).SequenceEqual(section.Data));
            one.RelocationsOf(same).Select(r => (r.Offset, r.Type, r.Addend, r.Symbol.Name))
                .ShouldBe(section.Relocations.OrderBy(r => r.Offset).Select(r => ((long)r.Offset, r.Type, r.Addend, r.Symbol.Name)), section.Name);
        }
        one.Symbols.Where(s => s.Type == 2).Select(s => (s.Name, s.Value, s.Size)).Order()
            .ShouldBe(other.Symbols.Where(s => s.Type == SymbolType.Func).Select(s => (s.Name, (long)s.Value, (long)s.Size)).Order());
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public void Damage_gives_an_error_or_a_result(int seed)
    {
        var (read, refused) = (0, 0);
        foreach (var damaged in DamagedObjectTests.Damage(SampleObjects.Small, seed, 2000))
        {
            try
            {
                RelocatableFile.Read(damaged, "damaged");
                read++;
            }
            catch (DamagedFileException)
            {
                refused++;
            }
        }
        read.ShouldBeGreaterThan(100);
        refused.ShouldBeGreaterThan(100);
    }
}
