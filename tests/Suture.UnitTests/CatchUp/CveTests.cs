using Shouldly;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Which CVEs units have, and which a livepatch may claim.</summary>
public sealed class CveTests
{
    private static UnitVerdict Unit(string id, UnitState state, params string[] with) => new() { Id = id, Title = id, Changes = [.. with, id], Files = [id], State = state };

    private static Change Part(string id, params string[] items) =>
        new(id, id, [], [id.Split('#')[0]], []) { Hunks = [], Items = [.. items.Select(i => new SourceItem(0, i, true, false))] };

    [Theory]
    [InlineData("cifs: fix coalesce_t2()", "a.c")]
    // check_it() is not changed, do_it() is so by two units, left_it() by none that was looked at.
    [InlineData("cifs: fix coalesce_t2() called by check_it()", "a.c")]
    [InlineData("cifs: fix coalesce_t2() and do_it()", null)]
    [InlineData("do_it: fix", null)]
    [InlineData("cifs: fix coalesce_t2() and left_it()", null)]
    [InlineData("cifs: fix coalesce_t2() and other_do()", null)]
    // A header that a unit brings is its own; a change that another unit is made for is not.
    [InlineData("brought_in: fix", "a.c")]
    [InlineData("other_do: fix", "b.c")]
    [InlineData("ext4: fix open", null)]
    public void A_cve_goes_to_the_unit_that_alone_changes_what_the_words_name(string title, string? id)
    {
        var changes = new[] { Part("a.c", "coalesce_t2", "do_it"), Part("a.h#x", "brought_in"), Part("b.c", "other_do", "do_it"), Part("c.c", "left_it") }.ToDictionary(c => c.Id);
        var (units, unattributed) = LogAttribution.Run([Unit("a.c", UnitState.Carried, "a.h#x", "b.c"), Unit("b.c", UnitState.Refused)], changes, [new(title, ["CVE-2026-10001"], "1")]);
        units.SingleOrDefault(u => u.Cves.Count > 0)?.Id.ShouldBe(id);
        unattributed.Count.ShouldBe(id is null ? 1 : 0);
    }

    [Theory]
    [InlineData(UnitState.Carried, true)]
    [InlineData(UnitState.NotBuilt, true)]
    [InlineData(UnitState.Refused, false)]
    [InlineData(UnitState.BootOnly, false)]
    [InlineData(UnitState.LeftOut, false)]
    [InlineData(UnitState.WaitsFor, false)]
    public void A_cve_that_two_units_name_is_fixed_when_both_are_there(UnitState second, bool isFixed)
    {
        UnitVerdict[] all = [Unit("a", UnitState.Carried) with { Cves = ["CVE-2026-2", "CVE-2026-1"] }, Unit("b", second) with { Cves = ["CVE-2026-2"] }];
        List<UnitVerdict> carried = [.. all.Where(u => u.State == UnitState.Carried)];
        FixedCves.Of(carried, all).ShouldBe(isFixed ? ["CVE-2026-1", "CVE-2026-2"] : ["CVE-2026-1"]);
        FixedCves.NotOf(carried, all).ShouldBe(isFixed ? [] : ["CVE-2026-2"]);
    }
}
