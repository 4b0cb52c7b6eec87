using Shouldly;
using Suture.Diff;
using Suture.Elf;
using Suture.UnitTests.Elf;
using Xunit;

namespace Suture.UnitTests.Diff;

public sealed class DamagedPairTests
{
    [Fact]
    public void The_pair_itself_is_judged()
    {
        var result = Differ.Run(ElfObject.Read(SampleObjects.Small, "original"), ElfObject.Read(SampleObjects.SmallPatched, "patched"));
        result.Verdict.ShouldBe(Verdict.Patchable);
        ElfObject.Read(result.Output!.Write(), "output");
    }

    [Theory]
    [InlineData(11, true)]
    [InlineData(12, false)]
    [InlineData(13, false)]
    public void Damaged_objects_give_a_format_error_or_a_result(int seed, bool damageOriginal)
    {
        var read = 0;
        foreach (var damaged in DamagedObjectTests.Damage(damageOriginal ? SampleObjects.Small : SampleObjects.SmallPatched, seed, 2000))
        {
            try
            {
                var other = ElfObject.Read(damaged, "damaged");
                read++;
                var result = damageOriginal
                    ? Differ.Run(other, ElfObject.Read(SampleObjects.SmallPatched, "patched"))
                    : Differ.Run(ElfObject.Read(SampleObjects.Small, "original"), other);
                if (result.Output is { } output)
                {
                    ElfObject.Read(output.Write(), "output");
                }
            }
            catch (ElfFormatException)
            {
                // Said where and why: that is all that is asked of a damaged file.
            }
        }
        read.ShouldBeGreaterThan(200, "most damage must get past the reader, or the engine is not tried");
    }
}
