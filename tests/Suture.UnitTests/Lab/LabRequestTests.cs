using Shouldly;
using Suture.Lab;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class LabRequestTests
{
    [Fact]
    public void Each_cycle_has_its_time()
    {
        LabRequest.TimeoutFor(1).ShouldBe(TimeSpan.FromMinutes(3));
        (LabRequest.TimeoutFor(1000) - LabRequest.TimeoutFor(1)).ShouldBe(TimeSpan.FromMinutes(999));
    }
}
