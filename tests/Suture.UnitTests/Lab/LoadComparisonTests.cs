using Shouldly;
using Suture.Lab;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class LoadComparisonTests
{
    [Theory]
    [InlineData("a 10 9 11, b 5 5 4, c 1 1 1", true, "100 % during")]
    // The machine is slower now: all are, alike.
    [InlineData("a 10 6 6, b 5 3 3, c 1 0.6 0.6", true, "60 % after")]
    [InlineData("a 10 4 10, b 5 2 5, c 1 0.4 1", false, "half of all during")]
    [InlineData("a 10 10 10, b 5 5 2, c 1 1 1", false, "b 2 after, 5 before")]
    [InlineData("a 10 10 -, b 5 5 5", false, "a: not measured after")]
    [InlineData("a 0 0 0", true, "1 measurements")]
    [InlineData("", false, "measured nothing")]
    public void What_gets_worse_fails(string table, bool ok, string says)
    {
        var measurements = table.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split(' '))
            .SelectMany(row => new[] { "before", "during", "after" }.Zip(row.Skip(1)).Where(x => x.Second != "-")
                .Select(x => new LabMeasurement(x.First, row[0], double.Parse(x.Second, System.Globalization.CultureInfo.InvariantCulture)))).ToList();
        var stage = LoadComparison.Run(measurements, new Dictionary<string, double>());
        stage.Ok.ShouldBe(ok);
        stage.Detail.ShouldContain(says);
    }

    [Theory]
    [InlineData(0.9, 0.4, true)]
    [InlineData(0.9, 0.9, false)]
    // What the machine is given more is nothing to ask for.
    [InlineData(0.2, 0.9, false)]
    public void A_machine_that_was_given_less_may_do_less(double before, double during, bool ok)
    {
        var shares = new Dictionary<string, double> { ["workload-before"] = before, ["workload-during"] = during };
        LoadComparison.Run([new("before", "reads", 100), new("during", "reads", 45), new("after", "reads", 100)], shares).Ok.ShouldBe(ok);
    }
}
