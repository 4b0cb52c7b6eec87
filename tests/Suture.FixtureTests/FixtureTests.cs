using Shouldly;
using Xunit;

namespace Suture.FixtureTests;

public sealed class FixtureTests
{
    public static TheoryData<string> Names => [.. Fixture.All];

    [Theory]
    [MemberData(nameof(Names))]
    public void Fixture_is_judged_as_its_directives_say(string name)
    {
        var fixture = Fixture.Load(name);
        Judge.Differences(fixture, FixtureRun.Of(fixture)).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Output_is_sound(string name)
    {
        var run = FixtureRun.Of(Fixture.Load(name));
        if (run.Result.Output is { } output)
        {
            OutputCheck.Faults(run, output).ShouldBeEmpty();
        }
    }
}
