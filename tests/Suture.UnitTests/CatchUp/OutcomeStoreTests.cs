using Shouldly;
using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
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
        string Key() => new OutcomeStore(_kernel.Open()).KeyOf([("a", [1])]);
        var first = Key();
        Key().ShouldBe(first);
        new OutcomeStore(_kernel.Open()).KeyOf([("a", [2])]).ShouldNotBe(first);
        File.SetLastWriteTimeUtc(module, DateTime.UnixEpoch.AddSeconds(1));
        var second = Key();
        second.ShouldNotBe(first);
        _kernel.Write("modules/b.ko", "b");
        Key().ShouldNotBe(second);
    }

    [Fact]
    public void Patches_are_known_with_their_names_and_bounds()
    {
        var store = new OutcomeStore(_kernel.Open());
        string[] keys = [store.KeyOf([("a", [1]), ("b", [2])]), store.KeyOf([("a", [1, 2])]), store.KeyOf([("a", []), ("b", [1, 2])]), store.KeyOf([("b", [1]), ("a", [2])])];
        keys.ShouldBeUnique();
    }

    [Theory]
    [InlineData("a.h", BuildStatus.DoesNotCompile, true)]
    [InlineData("a.h", BuildStatus.Built, false)]
    [InlineData("a.c", BuildStatus.DoesNotCompile, false)]
    public async Task What_does_not_compile_with_a_header_is_known_of_the_sources_that_were_tried_first(string path, BuildStatus status, bool isBuiltAgain)
    {
        var kernel = _kernel.Open();
        Change Of(string id) => new(id, id, [1], [id], []);
        var (first, later) = (new[] { Of(path), Of("b.c") }.ToDictionary(c => c.Id), new[] { Of(path), Of("c.c") }.ToDictionary(c => c.Id));
        using var builds = new ChangeBuilds(kernel, first);
        var outcome = new BuildOutcome([path], status, [new Finding("SUT0402", Severity.Error, "b.c", 0, null, "'x' undeclared", "")], []) { TriedFirst = builds.TriedFirstFor([path]) };
        var store = new OutcomeStore(kernel);
        store.Keep(store.KeyOf(builds.Patches([path])), outcome);
        (await builds.RunAsync([path], TestContext.Current.CancellationToken)).Status.ShouldBe(status);
        using var others = new ChangeBuilds(kernel, later);
        // Nothing can be built of this kernel.
        ((await others.RunAsync([path], TestContext.Current.CancellationToken)).Fault is not null).ShouldBe(isBuiltAgain);
    }
}
