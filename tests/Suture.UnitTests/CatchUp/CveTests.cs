using System.Text;
using Shouldly;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.CatchUp.Reporting;
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
        var cves = FixedCves.Of(carried, all, unjudged: null, elsewhere: []);
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
        var cves = FixedCves.Of([.. all.Where(u => u.State == UnitState.Carried)], all, unjudged: [], elsewhere: []);
        (cves.Fixed.Count, cves.NotFixed.Count, cves.Unsure.Count).ShouldBe(isFixed ? (1, 0, 0) : (0, 0, 1));
        // What --only leaves out is not there either.
        FixedCves.Of([all[0]], [all[0]], unjudged: [path], elsewhere: []).Fixed.Count.ShouldBe(Path.GetDirectoryName(path) == "net" ? 0 : 1);
        // A commit says itself what it fixes.
        FixedCves.Of([all[0]], all, unjudged: null, elsewhere: []).Fixed.ShouldBe(["CVE-2026-1"]);
    }

    [Fact]
    public void A_cve_of_which_a_line_is_nobodys_is_unsure()
    {
        var changes = new[] { Part("a.c", "coalesce_t2"), Part("b.c", "refused_one") }.ToDictionary(c => c.Id);
        var log = LogAttribution.Run([Unit("a.c", UnitState.Carried), Unit("b.c", UnitState.Refused)], changes,
            [new("a: fix coalesce_t2()", ["CVE-2026-1", "CVE-2026-2"], "1"), new("a: fix something else", ["CVE-2026-1"], "1"), new("b: fix refused_one()", ["CVE-2026-3"], "1"), new("b: fix more", ["CVE-2026-3"], "1")]);
        var cves = FixedCves.Of([log.Units[0]], log.Units, unjudged: null, log.Unattributed);
        (string.Join(' ', cves.Fixed), string.Join(' ', cves.NotFixed), string.Join(' ', cves.Unsure)).ShouldBe(("CVE-2026-2", "CVE-2026-3", "CVE-2026-1"));
    }

    [Theory]
    [InlineData("CVE-2026-1", "a: fix coalesce_t2()")]
    [InlineData("", "a: fix coalesce_t2()", "Revert \"a: fix coalesce_t2()\"")]
    [InlineData("", "[x86] a: fix coalesce_t2()", "[arm64,x86] Revert \"a: fix coalesce_t2()\"")]
    [InlineData("CVE-2026-1", "a: fix coalesce_t2()", "Revert \"a: fix coalesce_t2()\"", "Revert \"Revert \"a: fix coalesce_t2()\"\"")]
    [InlineData("CVE-2026-1", "a: fix coalesce_t2()", "Revert \"a: fix coalesce_t2()\"", "Reapply \"a: fix coalesce_t2()\"")]
    [InlineData("", "a: fix coalesce_t2()", "Revert \"a: fix coalesce_t2()\"", "Reapply \"a: fix coalesce_t2()\"", "Revert \"a: fix coalesce_t2()\"")]
    [InlineData("CVE-2026-1", "a: fix coalesce_t2()", "Revert \"a: fix coalesce_t2() more\"")]
    public void What_the_changelog_reverts_fixes_nothing(string isFixed, params string[] titles)
    {
        var changes = new[] { Part("a.c", "coalesce_t2") }.ToDictionary(c => c.Id);
        var log = LogAttribution.Run([Unit("a.c", UnitState.Carried)], changes, [.. titles.Select((t, i) => new LogEntry(t, i == 0 ? ["CVE-2026-1"] : [], "1"))]);
        string.Join(' ', FixedCves.Of(log.Units, log.Units, unjudged: [], log.Unattributed).Fixed).ShouldBe(isFixed);
        log.Unattributed.Count.ShouldBe(isFixed.Length > 0 ? 0 : 1);
    }

    [Fact]
    public void A_cve_of_what_is_not_built_is_not_of_this_kernel()
    {
        UnitVerdict[] all =
        [
            Unit("net/a.c", UnitState.NotBuilt) with { Cves = ["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"] }, Unit("net/b.c", UnitState.Carried) with { Cves = ["CVE-2026-2"] },
            Unit("net/c.c", UnitState.NotBuilt) with { Cves = ["CVE-2026-3"], IsUndone = true },
        ];
        var cves = FixedCves.Of([all[1]], all, unjudged: [], elsewhere: []);
        (string.Join(' ', cves.Fixed), string.Join(' ', cves.NotFixed), string.Join(' ', cves.NotOfKernel)).ShouldBe(("CVE-2026-2", "CVE-2026-3", "CVE-2026-1"));
        // What is not carried beside it may be of the same fix.
        FixedCves.Of([], all, unjudged: [], elsewhere: []).Unsure.ShouldBe(["CVE-2026-1"]);
    }

    [Fact]
    public void A_cve_of_what_is_there_already_is_neither_carried_nor_missing()
    {
        UnitVerdict[] all = [Unit("a", UnitState.AlreadyThere) with { Cves = ["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"] }, Unit("b", UnitState.Carried) with { Cves = ["CVE-2026-2"] }, Unit("c", UnitState.Refused) with { Cves = ["CVE-2026-3"] }];
        var cves = FixedCves.Of([all[1]], all, unjudged: null, elsewhere: []);
        (string.Join(' ', cves.Fixed), string.Join(' ', cves.NotFixed), string.Join(' ', cves.AlreadyThere), cves.NotOfKernel.Count).ShouldBe(("CVE-2026-2", "CVE-2026-3", "CVE-2026-1", 0));
    }

    [Fact]
    public void A_cve_that_a_commit_names_which_nobody_asked_for_is_unsure()
    {
        Change Commit(string id, params string[] cves) => new(id, id, [], ["a.c"], cves);
        var changes = new[] { Commit("a", "CVE-2026-1", "CVE-2026-2"), Commit("b", "CVE-2026-2", "CVE-2026-3"), Commit("brought", "CVE-2026-1") }.ToDictionary(c => c.Id);
        UnitVerdict[] units = [Unit("a", UnitState.Carried, "brought") with { Cves = ["CVE-2026-1", "CVE-2026-2"] }];
        var cves = Claims.Of(new SourceDifference("r", [.. changes.Values], null, [], 0), units, changes, []).CvesOf(units, units);
        (string.Join(' ', cves.Fixed), string.Join(' ', cves.NotFixed), string.Join(' ', cves.Unsure)).ShouldBe(("CVE-2026-1", "", "CVE-2026-2"));
    }

    [Fact]
    public void What_is_not_known_of_cves_is_said()
    {
        var report = new CatchUpReport(new("6.1.0", "ab", null), "6.1.1", null, "6.1.0 + 0 of 1", CatchUpReport.Count([]), 0, [],
            new([], [], []) { Unknown = "no <changelog>", NotOfKernel = ["CVE-2026-1"] }, 1);
        Encoding.UTF8.GetString(HtmlPage.Of(report)).ShouldContain("CVEs: not known; no &lt;changelog&gt;.");
        Encoding.UTF8.GetString(report.ToJson()).ShouldContain("\"notOfKernel\": [");
        Encoding.UTF8.GetString(HtmlPage.Of(report with { Cves = report.Cves with { Unknown = null } })).ShouldContain("1 of code that this kernel does not have");
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
