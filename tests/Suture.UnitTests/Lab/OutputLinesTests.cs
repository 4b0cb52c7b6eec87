using Shouldly;
using Suture.Lab.Guest;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class OutputLinesTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_writer_that_is_faster_does_not_hold_the_reader()
    {
        File.WriteAllText(_file, "first\n");
        var lines = new OutputLines(_file);
        var read = 0;
        // Who reads a line sees another behind it, for ever.
        void Line(string text)
        {
            (++read).ShouldBeLessThan(100);
            File.AppendAllText(_file, text + "\n");
        }

        lines.Read(atEnd: false, Line);
        read.ShouldBe(1);
        lines.Read(atEnd: false, Line);
        read.ShouldBe(2);
    }

    [Fact]
    public void What_is_not_ended_waits_for_its_end()
    {
        var all = new List<string>();
        var lines = new OutputLines(_file);
        File.AppendAllText(_file, "one\ntw");
        lines.Read(atEnd: false, all.Add);
        File.AppendAllText(_file, "o\nthree");
        lines.Read(atEnd: false, all.Add);
        all.ShouldBe(["one", "two"]);
        lines.Read(atEnd: true, all.Add);
        all.ShouldBe(["one", "two", "three"]);
    }
}
