using Shouldly;
using Suture.Lab.Guest;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class WorkloadCountTests
{
    [Theory]
    [InlineData("1 1.0, 2 1.1, patch, 3 1.2", null)]
    [InlineData("1 1.0, 2 1.1, patch, 3 16.2", "15100 ms, at most 100 ms before")]
    // What the machine does by itself is no fault of the livepatch's.
    [InlineData("1 1.0, 2 30.0, patch, 3 31.0", null)]
    [InlineData("1 1.0, 2 5.0, patch, 3 21.0", null)]
    [InlineData("1 1.0, 2 1.1, patch, 3 10.0", null)]
    // It stands still to the end.
    [InlineData("1 1.0, 2 1.1, patch, until 12", "stood still")]
    [InlineData("1 1.0, 3 1.1, patch", "lost count")]
    [InlineData("nonsense, patch", "did not begin")]
    public void Standing_still_under_the_livepatch_is_a_fault(string lines, string? fault)
    {
        var count = new WorkloadCount();
        foreach (var line in lines.Split(", "))
        {
            if (line == "patch")
            {
                count.LivepatchComes();
            }
            else if (line.StartsWith("until ", StringComparison.Ordinal))
            {
                count.Until(12_000);
            }
            else
            {
                count.Line(line);
            }
        }
        if (fault is null)
        {
            count.Fault.ShouldBeNull();
        }
        else
        {
            count.Fault.ShouldNotBeNull().ShouldContain(fault);
        }
    }
}
