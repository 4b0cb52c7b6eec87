using System.Text;
using Shouldly;
using Suture.Build.Patches;
using Xunit;

namespace Suture.UnitTests.Patches;

/// <summary>Title and CVEs of a patch are taken from its words, not from its code.</summary>
public sealed class PatchHeaderTests
{
    private const string Mail = """
        From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001
        From: A Developer <a@example.org>
        Subject: [PATCH 6.1 v2 03/17] net: tun: check the owner
         before anything else

        This is CVE-2026-12345, found with cve-2025-0001.
        ---
         drivers/net/tun.c | 2 +-

        diff --git a/drivers/net/tun.c b/drivers/net/tun.c
        --- a/drivers/net/tun.c
        +++ b/drivers/net/tun.c
        @@ -1 +1 @@
        -/* CVE-1999-0001 */
        +/* CVE-1999-0002 */
        """;

    private static PatchHeader Read(string text) => PatchHeader.Read(Encoding.UTF8.GetBytes(text));

    [Fact]
    public void A_mail_gives_its_subject_and_the_CVEs_of_its_text()
    {
        var header = Read(Mail);
        header.Subject.ShouldBe("net: tun: check the owner before anything else");
        header.Cves.ShouldBe(["CVE-2026-12345", "CVE-2025-0001"]);
    }

    [Fact]
    public void A_mailbox_gives_the_first_subject_and_the_CVEs_of_all()
    {
        var header = Read(Mail + "\n" + Mail.Replace("CVE-2026-12345", "CVE-2026-777777", StringComparison.Ordinal).Replace("owner", "stranger", StringComparison.Ordinal));
        header.Subject!.ShouldContain("owner");
        header.Cves.ShouldBe(["CVE-2026-12345", "CVE-2025-0001", "CVE-2026-777777"]);
    }

    [Fact]
    public void A_plain_diff_has_neither()
    {
        var header = Read(Mail[Mail.IndexOf("diff --git", StringComparison.Ordinal)..]);
        header.Subject.ShouldBeNull();
        header.Cves.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("=?UTF-8?q?net:=20h=C3=A4ng_up?=", "net: häng up")]
    [InlineData("=?utf-8?B?bmV0OiBow6RuZw==?= =?UTF-8?Q?_up?=", "net: häng up")]
    [InlineData("=?UTF-8?B?***?=", "=?UTF-8?B?***?=")]
    [InlineData("Re: [PATCH]   two   spaces", "two spaces")]
    [InlineData("[PATCH] \u001b[2J", null)]
    [InlineData("", null)]
    public void Subjects_become_one_printable_line(string subject, string? title) => Read($"Subject: {subject}\n\n").Subject.ShouldBe(title);

    [Fact]
    public void A_long_subject_is_cut() => Read("Subject: " + new string('x', 5000) + "\n").Subject!.Length.ShouldBe(200);
}
