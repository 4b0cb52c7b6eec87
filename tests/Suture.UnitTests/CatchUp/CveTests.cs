using System.Text;
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
    [InlineData("tls: tls_sw_has_ctx_tx/rx must check", "d.c")]
    [InlineData("tls: tls_sw_has_ctx_tx/down() must check", null)]
    [InlineData("tls: tls_sw_has_ctx_tx()/set_ctx_rx/other must check", null)]
    public void A_cve_goes_to_the_unit_that_alone_changes_what_the_words_name(string title, string? id)
    {
        var changes = new[] { Part("a.c", "coalesce_t2", "do_it"), Part("a.h#x", "brought_in"), Part("b.c", "other_do", "do_it"), Part("c.c", "left_it"), Part("d.c", "tls_sw_has_ctx_rx"), Part("e.c", "tls_sw_has_down", "tls_sw_set_ctx_rx") }.ToDictionary(c => c.Id);
        var (units, unattributed) = LogAttribution.Run([Unit("a.c", UnitState.Carried, "a.h#x", "b.c"), Unit("b.c", UnitState.Refused), Unit("d.c", UnitState.Carried)], changes, [new(title, ["CVE-2026-10001"], "1")]);
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
        var cves = FixedCves.Of(carried, all, unjudged: null);
        cves.Fixed.ShouldBe(isFixed ? ["CVE-2026-1", "CVE-2026-2"] : ["CVE-2026-1"]);
        cves.NotFixed.ShouldBe(isFixed ? [] : ["CVE-2026-2"]);
    }

    [Theory]
    [InlineData(UnitState.Refused, "net/b.c", false)]
    [InlineData(UnitState.BootOnly, "net/b.c", false)]
    [InlineData(UnitState.NotBuilt, "net/b.c", true)]
    [InlineData(UnitState.Carried, "net/b.c", true)]
    [InlineData(UnitState.Refused, "net/ipv4/b.c", true)]
    public void A_cve_of_the_changelog_is_fixed_when_all_beside_it_is_there(UnitState second, string path, bool isFixed)
    {
        UnitVerdict[] all = [Unit("net/a.c", UnitState.Carried) with { Cves = ["CVE-2026-1"] }, Unit(path, second)];
        var cves = FixedCves.Of([.. all.Where(u => u.State == UnitState.Carried)], all, unjudged: []);
        (cves.Fixed.Count, cves.NotFixed.Count, cves.Unsure.Count).ShouldBe(isFixed ? (1, 0, 0) : (0, 0, 1));
        // What --only leaves out is not there either.
        FixedCves.Of([all[0]], [all[0]], unjudged: [path]).Fixed.Count.ShouldBe(Path.GetDirectoryName(path) == "net" ? 0 : 1);
        // A commit says itself what it fixes.
        FixedCves.Of([all[0]], all, unjudged: null).Fixed.ShouldBe(["CVE-2026-1"]);
    }

    [Theory]
    [InlineData("a: fix CVE-2026-1111", "", "CVE-2026-1111", "")]
    [InlineData("a: b", "CVE: cve-2026-1111, CVE-2026-2222", "CVE-2026-1111 CVE-2026-2222", "")]
    [InlineData("a: b", "  (CVE-2026-1111, CVE-2026-2222)", "CVE-2026-1111 CVE-2026-2222", "")]
    [InlineData("a: b", "This is incomplete without CVE-2026-1111.", "", "CVE-2026-1111")]
    [InlineData("a: b", "CVE-2026-1111 was about that", "", "CVE-2026-1111")]
    [InlineData("a: b", "Fixes: 0123456789ab (\"c: fix CVE-2026-1111\")", "", "CVE-2026-1111")]
    [InlineData("Revert \"a: fix CVE-2026-1111\"", "", "", "CVE-2026-1111")]
    [InlineData("a: b", "This reverts commit 0123456789ab.\n\nCVE-2026-1111", "", "CVE-2026-1111")]
    public void A_commit_fixes_what_it_names_as_its_own(string title, string words, string own, string others)
    {
        var mail = $"From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] {title}\n\n{words}\n---\nCVE-2026-9999\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n+b\n";
        var change = MailDifference.FromMailbox("m", Encoding.Latin1.GetBytes(mail)).Changes.ShouldHaveSingleItem();
        (string.Join(' ', change.Cves), string.Join(' ', change.OtherCves)).ShouldBe((own, others));
    }
}
