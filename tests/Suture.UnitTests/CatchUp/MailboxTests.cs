using System.Text;
using Shouldly;
using Suture.Build.Patches;
using Suture.CatchUp.Difference;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>What the mails of a mailbox are called.</summary>
public sealed class MailboxTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private const string Zeros = "0000000000000000000000000000000000000000";

    private static string Mail(string from, string line) =>
        $"From {from} Mon Sep 17 00:00:00 2001\nSubject: [PATCH] a\n\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n+{line}\n";

    private static IReadOnlyList<Change> Read(params string[] mails) => MailDifference.FromMailbox("m", Encoding.Latin1.GetBytes(string.Concat(mails))).Changes;

    [Theory]
    [InlineData(Commit, "0123456789ab")]
    [InlineData(Zeros, "mail-1")]
    [InlineData("somebody@example.org", "mail-1")]
    [InlineData("0123456789a", "mail-1")]
    public void A_mail_is_called_by_its_commit_where_it_has_one(string from, string id) => Read(Mail(from, "b")).ShouldHaveSingleItem().Id.ShouldBe(id);

    [Fact]
    public void Mails_without_commits_are_all_there()
    {
        Read(Mail(Zeros, "b"), Mail(Zeros, "c")).Select(c => c.Id).ShouldBe(["mail-1", "mail-2"]);
        Read(Mail(Zeros, "b"))[0].Commit.Names.ShouldBeEmpty();
    }

    [Fact]
    public void A_commit_that_is_there_twice_counts_once() => Read(Mail(Commit, "b"), Mail(Commit, "b") + "\n").ShouldHaveSingleItem();

    [Fact]
    public void Two_mails_of_one_commit_that_differ_are_a_fault() =>
        Should.Throw<PatchFormatException>(() => Read(Mail(Commit, "b"), Mail(Commit, "c"))).Message.ShouldContain("0123456789ab");
}
