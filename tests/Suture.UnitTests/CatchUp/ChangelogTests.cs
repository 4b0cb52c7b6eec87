using Shouldly;
using Suture.CatchUp.Difference;
using Xunit;

namespace Suture.UnitTests.CatchUp;

public sealed class ChangelogTests
{
    private const string Text = """
        linux (6.1.2-1) bookworm-security; urgency=high

          * New upstream stable update:
            https://example.org/ChangeLog-6.1.2
            - smb: client: fix OOB read in
              coalesce_t2() (CVE-2026-10001, CVE-2026-10002)
            - io_uring: don't spin

         -- A Person <a@example.org>  Mon, 16 Nov 2026 11:17:40 +0100

        linux (6.1.1-1) bookworm-security; urgency=high

          * old: known already (CVE-2026-10009)

        """;

    [Fact]
    public void Entries_above_the_version_that_runs()
    {
        var entries = Changelog.Read(new StringReader(Text), "6.1.1-1")!;
        entries.Select(e => e.Title).ShouldBe(["smb: client: fix OOB read in coalesce_t2()", "io_uring: don't spin"]);
        entries[0].Cves.ShouldBe(["CVE-2026-10001", "CVE-2026-10002"]);
        entries[0].Version.ShouldBe("6.1.2-1");
    }

    [Fact]
    public void A_log_that_does_not_come_down_to_that_version_says_nothing() =>
        Changelog.Read(new StringReader(Text), "6.1.0-1").ShouldBeNull();

    [Fact]
    public async Task A_package_that_cannot_be_read_says_nothing() =>
        (await Changelog.OfPackageAsync("/nowhere/linux-source-6.1_6.1.2-1_all.deb", "6.1.1-1", TestContext.Current.CancellationToken)).ShouldBeNull();
}
