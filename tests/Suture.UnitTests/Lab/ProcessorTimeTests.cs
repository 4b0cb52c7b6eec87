using System.Diagnostics;
using Shouldly;
using Suture.Lab.Machine;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class ProcessorTimeTests
{
    [Fact]
    public void Shares_multiply()
    {
        new ProcessorTime(300, 100, 60, 20).ShareSince(new ProcessorTime(100, 100, 0, 0)).ShouldBe(0.75);
        new ProcessorTime(300, 200, 60, 20).ShareSince(new ProcessorTime(100, 0, 0, 0)).ShouldBe(0.375);
        default(ProcessorTime).ShareSince(default).ShouldBe(1);
    }

    [Fact]
    public async Task A_child_that_works_is_seen()
    {
        using var parent = Process.Start("timeout", ["-s", "KILL", "30", "sh", "-c", "while true; do :; done"]);
        try
        {
            var bound = Stopwatch.StartNew();
            while (ProcessorTime.OfChildren(parent.Id) is not { Ran: > 10_000_000, Busy: > 0 } && bound.Elapsed < TimeSpan.FromSeconds(20))
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
            ProcessorTime.OfChildren(parent.Id).Ran.ShouldBeGreaterThan(10_000_000);
        }
        finally
        {
            parent.Kill(entireProcessTree: true);
        }
        ProcessorTime.OfChildren(int.MaxValue).ShouldBe(default);
    }
}
