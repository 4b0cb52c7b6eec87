using Shouldly;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Commits that later ones of the range take back.</summary>
public sealed class UndoneTests
{
    private static UnitVerdict Unit(string id, UnitState state, params string[] on) =>
        new() { Id = id, Title = id.StartsWith('R') ? $"Revert \"{id[1..]}\"" : id, Changes = [.. on, id], Files = ["a.c"], State = state };

    /// <summary>Each is called as in git, and says that it takes back what is behind the R.</summary>
    private static IReadOnlyList<UnitVerdict> Run(params UnitVerdict[] units) => Undone.Run(units, units.ToDictionary(u => u.Id, u =>
        new Change(u.Id, u.Title, [], ["a.c"], []) { Commit = new CommitWords([u.Id], []) { Reverts = u.Id.StartsWith('R') ? [u.Id[1..]] : [] } }));

    [Fact]
    public void Where_nothing_is_left_of_a_stack_all_of_it_is_undone()
    {
        var units = Run(Unit("first", UnitState.Carried), Unit("second", UnitState.Carried, "first"), Unit("apart", UnitState.Carried), Unit("on it", UnitState.Carried, "second"),
            Unit("back", UnitState.NotBuilt, "first", "second"), Unit("again", UnitState.Carried, "first", "second", "back"));
        units.Select(u => u.State).ShouldBe([UnitState.NotBuilt, UnitState.NotBuilt, UnitState.Carried, UnitState.WaitsFor, UnitState.NotBuilt, UnitState.Carried]);
        units[0].Reason.ShouldBe("undone by back");
        units[3].WaitsFor.ShouldBe("second");
    }

    [Theory]
    [InlineData(UnitState.Carried)]
    [InlineData(UnitState.Refused)]
    public void A_revert_undoes_whatever_else_it_is_built_on(UnitState revert)
    {
        var units = Run(Unit("first", UnitState.Carried), Unit("A", UnitState.Carried, "first"), Unit("on it", UnitState.Carried, "first", "A"), Unit("RA", revert, "first", "A"));
        units.Select(u => u.State).ShouldBe([UnitState.Carried, UnitState.NotBuilt, UnitState.WaitsFor, UnitState.NotBuilt]);
        units[1].Reason.ShouldBe("undone by RA");
        units[2].Reason.ShouldBe("it needs A, which RA undoes");
        units[3].Reason.ShouldBe("it undoes A");
    }

    [Theory]
    [InlineData("Revert \"Revert \"A\"\"")]
    [InlineData("Reapply \"A\"")]
    public void A_revert_that_is_taken_back_undoes_nothing(string title) =>
        Run(Unit("A", UnitState.Carried), Unit("RA", UnitState.NotBuilt, "A"), Unit("RRA", UnitState.Carried, "A", "RA") with { Title = title })
            .Select(u => (u.State, u.Reason)).ShouldBe([(UnitState.Carried, ""), (UnitState.NotBuilt, "undone by RRA"), (UnitState.NotBuilt, "it undoes RA")]);

    [Fact]
    public void Neither_part_of_it_nor_what_it_is_not_built_on_is_undone()
    {
        Run(Unit("A", UnitState.Carried), Unit("RA", UnitState.Carried)).ShouldAllBe(u => u.State == UnitState.Carried);
        Run(Unit("A", UnitState.Carried), Unit("RA", UnitState.Carried, "A") with { Title = "partly revert A" }).ShouldAllBe(u => u.State == UnitState.Carried);
    }

    [Fact]
    public void What_is_undone_fixes_no_cve()
    {
        var units = Run(Unit("A", UnitState.Carried) with { Cves = ["CVE-2026-1"] }, Unit("RA", UnitState.Carried, "A") with { Cves = ["CVE-2026-2"] }, Unit("B", UnitState.Carried) with { Cves = ["CVE-2026-1", "CVE-2026-3"] });
        FixedCves.Of([.. units.Where(u => u.State == UnitState.Carried)], units, unjudged: null, elsewhere: []).Fixed.ShouldBe(["CVE-2026-3"]);
    }
}
