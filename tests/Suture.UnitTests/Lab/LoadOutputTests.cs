using Shouldly;
using Suture.Lab.Guest;
using Suture.Lab.Machine;
using Suture.Lab.Protocol;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class LoadOutputTests
{
    private static async Task<(string Counts, List<GuestEvent> Events)> Say(IEnumerable<string> lines)
    {
        var stream = new MemoryStream();
        var output = new LoadOutput("before", new EventPort(stream));
        foreach (var line in lines)
        {
            output.Line(line);
        }
        stream.Position = 0;
        var events = new List<GuestEvent>();
        var sent = new EventLines(stream);
        while (await sent.NextAsync(TestContext.Current.CancellationToken) is { } value)
        {
            events.Add(value);
        }
        return (output.Counts, events);
    }

    [Fact]
    public async Task Progress_takes_no_measurements_place()
    {
        var (counts, events) = await Say([.. Enumerable.Range(0, 500).Select(i => $"round {i} is over"), "reads 7.5"]);

        counts.ShouldBe("1 measurements");
        events.Count(e => e.Kind == GuestEventKind.Line).ShouldBe(200);
        var measured = events.Single(e => e.Kind == GuestEventKind.Measurement);
        (measured.Name, measured.Value, measured.Detail).ShouldBe(("reads", 7.5, "before"));
    }

    [Fact]
    public async Task More_measurements_than_are_taken_are_told()
    {
        var (counts, events) = await Say(Enumerable.Range(0, 1007).Select(i => $"m{i} 1"));

        events.Count.ShouldBe(LoadOutput.MostMeasurements);
        counts.ShouldContain("7 more were not taken");
    }
}
