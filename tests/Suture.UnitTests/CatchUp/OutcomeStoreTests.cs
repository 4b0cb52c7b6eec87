using Shouldly;
using Suture.CatchUp.Judging;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>What is known of a build is known of that kernel with those modules.</summary>
public sealed class OutcomeStoreTests : IDisposable
{
    private readonly FakeKernel _kernel = new();

    public void Dispose() => _kernel.Dispose();

    [Fact]
    public void A_module_that_was_built_again_makes_another_key()
    {
        var module = _kernel.Write("modules/a.ko", "a");
        File.SetLastWriteTimeUtc(module, DateTime.UnixEpoch);
        string Key() => new OutcomeStore(_kernel.Open()).KeyOf([1]);
        var first = Key();
        Key().ShouldBe(first);
        new OutcomeStore(_kernel.Open()).KeyOf([2]).ShouldNotBe(first);
        File.SetLastWriteTimeUtc(module, DateTime.UnixEpoch.AddSeconds(1));
        var second = Key();
        second.ShouldNotBe(first);
        _kernel.Write("modules/b.ko", "b");
        Key().ShouldNotBe(second);
    }
}
