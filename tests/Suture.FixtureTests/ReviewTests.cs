using Shouldly;
using Suture.Diff.Findings;
using Suture.Diff.Review;
using Xunit;

namespace Suture.FixtureTests;

/// <summary>What the units of one build say of each other.</summary>
public sealed class ReviewTests
{
    [Fact]
    public void A_drop_is_doubtful_where_another_file_drops_less()
    {
        var more = Of("review-drops gcc 6.1");
        var fewer = Of("review-references-not-taken gcc 6.1");
        (more.DropsFewer, fewer.DropsFewer).ShouldBe((false, true));
        more.Beside(othersDropFewer: false).ShouldAllBe(f => f.Severity == Severity.Note);
        more.Beside(othersDropFewer: true).ShouldAllBe(f => f.Severity == Severity.Warning && f.Code == "SUT0803");
        more.Beside(othersDropFewer: true).Select(f => f.Symbol).ShouldBe(["leak", "page"], ignoreOrder: true);
    }

    private static UnitReview Of(string fixture) => Review.Run(FixtureRun.Of(Fixture.Load(fixture)).Result);
}
