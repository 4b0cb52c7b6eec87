using System.Text;
using Shouldly;
using Suture.Lab.Machine;
using Suture.Lab.Protocol;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class EventLinesTests
{
    private static async Task<List<GuestEvent>> ReadAll(string text)
    {
        var lines = new EventLines(new MemoryStream(Encoding.UTF8.GetBytes(text)));
        var events = new List<GuestEvent>();
        while (await lines.NextAsync(TestContext.Current.CancellationToken) is { } value)
        {
            events.Add(value);
        }
        return events;
    }

    [Fact]
    public async Task What_is_no_event_is_passed_over()
    {
        var events = await ReadAll("SeaBIOS\n{\"kind\":\"Boot\",\"detail\":\"6.1\"}\r\n{broken\n{\"kind\":\"Nonsense\"}\n{}\n\n{\"kind\":\"Done\"}\n{\"kind\":\"Done\"");

        events.Select(e => e.Kind).ShouldBe([GuestEventKind.Boot, GuestEventKind.Done]);
        events[0].Detail.ShouldBe("6.1");
    }

    [Theory]
    [InlineData("{\"kind\":\"Memory\",\"name\":null}")]
    [InlineData("{\"kind\":\"Begin\",\"trial\":-1}")]
    [InlineData("{\"kind\":\"Begin\",\"boundMs\":9223372036854775807}")]
    [InlineData("{\"kind\":\"Line\",\"uptimeMs\":9223372036854775807}")]
    public async Task What_no_guest_of_ours_says_is_passed_over(string line) => (await ReadAll(line + "\n{\"kind\":\"Done\"}\n")).Single().Kind.ShouldBe(GuestEventKind.Done);

    [Fact]
    public async Task An_endless_line_takes_no_memory_and_ends_nothing()
    {
        var events = await ReadAll("{" + new string('x', 1_000_000) + "\n{\"kind\":\"Done\"}\n");

        events.Single().Kind.ShouldBe(GuestEventKind.Done);
    }
}
