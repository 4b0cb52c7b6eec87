using Shouldly;
using Suture.Lab;
using Suture.Lab.Protocol;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class BatchConsoleTests
{
    private static readonly string Log = string.Join('\n',
        ["[0.1] Linux", $"[1.0] {GuestPlan.LogMark(0)}", "[1.1] first", $"[2.0] {GuestPlan.LogMark(1)}", "[2.1] second", "[2.2] WARNING: second", ""]);

    [Fact]
    public void Each_trial_gets_its_own_part_and_none_the_boot()
    {
        var console = new BatchConsole(Log);
        console.Unpatched.ShouldContain("Linux");
        console.Of(0).ShouldNotBeNull().ShouldNotContain("Linux");
        console.Of(0)!.ShouldContain("first");
        console.Of(0)!.ShouldNotContain("second");
        console.Of(1).ShouldNotBeNull().ShouldContain("WARNING: second");
        console.Of(1)!.ShouldNotContain("first");
    }

    [Fact]
    public void The_first_trial_counts_from_its_livepatch()
    {
        var console = new BatchConsole($"Linux\n{GuestPlan.LogMark(0)}\ndriver\n{GuestPlan.LivepatchMark(0)}\nfirst\n{GuestPlan.LogMark(1)}\ndriver 2\n{GuestPlan.LivepatchMark(1)}\nsecond\n");
        console.Unpatched.ShouldContain("driver");
        console.Of(0).ShouldNotBeNull().ShouldNotContain("driver");
        console.Of(1).ShouldNotBeNull().ShouldContain("driver 2");
    }

    [Fact]
    public void A_trial_without_a_mark_has_no_log() => new BatchConsole(Log).Of(2).ShouldBeNull();
}
