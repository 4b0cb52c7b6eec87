using Shouldly;
using Suture.CatchUp;
using Suture.CatchUp.Difference;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Beginnings of paths, as an operator gives them.</summary>
public sealed class OnlyPathsTests : IDisposable
{
    private readonly FakeKernel _kernel = new();

    public void Dispose() => _kernel.Dispose();

    [Fact]
    public void They_are_spelled_as_in_patches() => OnlyPaths.Normalise(["./", "./net/", "net/", ".//fs", "././a", "/net", "../net", ".config"]).ShouldBe(["net/", "fs", "a", "/net", "../net", ".config"]);

    [Theory]
    [InlineData("net/ipv4/", true, true)]
    [InlineData("net/ipv4/tcp_", true, true)]
    [InlineData("n", true, true)]
    [InlineData("net/core/", false, true)]
    [InlineData("net/core", false, true)]
    [InlineData("net/ipv5", false, false)]
    [InlineData("net/core/more/", false, false)]
    [InlineData("/net", false, false)]
    [InlineData("../source/net", false, false)]
    [InlineData("", true, false)]
    public void What_begins_no_path_is_a_slip(string start, bool isChanged, bool isThere)
    {
        _kernel.Write("source/net/ipv4/tcp_input.c", "");
        _kernel.Write("source/net/core/dev.c", "");
        var difference = new SourceDifference("r", [new Change("a", "a", [], ["net/ipv4/tcp_input.c"], [])], null, [], 0);
        OnlyPaths.BeginsChange(start, difference).ShouldBe(isChanged);
        OnlyPaths.BeginsPath(start, _kernel.Open().SourceTree).ShouldBe(isThere);
    }
}
