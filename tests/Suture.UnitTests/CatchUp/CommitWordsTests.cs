using System.Text;
using Shouldly;
using Suture.CatchUp.Difference;
using Xunit;

namespace Suture.UnitTests.CatchUp;

public sealed class CommitWordsTests
{
    private const string Own = "0123456789abcdef0123456789abcdef01234567";

    private static CommitWords Read(string words) => CommitWords.Read($"From {Own} Mon Sep 17 00:00:00 2001\nSubject: a\n\n{words}\n---\n a.c | 1 +\nFixes: 99999999 (\"behind\")\n");

    [Theory]
    [InlineData("commit aaaaaaaaaaaa upstream.\n\nWords.", "aaaaaaaaaaaa", "")]
    [InlineData("[ Upstream commit AAAAAAAA ]\n\nFixes: bbbbbbbb1234 (\"words\")\nFixes: cccccccc (\"more\")", "aaaaaaaa", "bbbbbbbb1234 cccccccc")]
    [InlineData("Words.\n\n(cherry picked from commit aaaaaaaaaaaa)", "aaaaaaaaaaaa", "")]
    [InlineData("(backported from commit aaaaaaaa upstream)\n(cherry picked from commit bbbbbbbb)", "aaaaaaaa bbbbbbbb", "")]
    [InlineData("This was cherry picked from commit aaaaaaaa once.", "", "")]
    // What a revert calls upstream is what it takes back.
    [InlineData("This reverts commit bbbbbbbb which is\ncommit cccccccc upstream.", "", "bbbbbbbb cccccccc")]
    [InlineData("This reverts commit\nbbbbbbbb.", "", "bbbbbbbb")]
    [InlineData("It was broken by commit bbbbbbbb upstream some time ago; Fixes: abc", "", "")]
    public void Names_and_what_it_mends(string words, string names, string mends)
    {
        var read = Read(words);
        string.Join(' ', read.Names).ShouldBe($"{Own} {names}".Trim());
        string.Join(' ', read.Mends).ShouldBe(mends);
    }

    [Fact]
    public void What_it_takes_back_fixes_and_is_needed_by_are_apart()
    {
        var read = Read("This reverts commit bbbbbbbb.\n\nFixes: cccccccc (\"c\")\nStable-dep-of: DDDDDDDD1234 (\"d\")");
        (string.Join(' ', read.Reverts), string.Join(' ', read.Fixes), string.Join(' ', read.NeededBy)).ShouldBe(("bbbbbbbb", "cccccccc", "dddddddd1234"));
    }

    [Fact]
    public void Names_are_compared_as_far_as_both_go()
    {
        var upstream = Read("commit bbbbbbbb1234567890 upstream.");
        upstream.IsOneOf(Read("Fixes: bbbbbbbb1234").Mends).ShouldBeTrue();
        upstream.IsOneOf(Read("Fixes: bbbbbbbb1235").Mends).ShouldBeFalse();
        Read("").IsOneOf(Read("").Mends).ShouldBeFalse();
    }

    [Fact]
    public void A_mailbox_has_them()
    {
        var mail = $"From {Own} Mon Sep 17 00:00:00 2001\nSubject: [PATCH] a: b\n\nFixes: bbbbbbbb1234 (\"c\")\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n+b\n";
        var change = MailDifference.FromMailbox("m", Encoding.Latin1.GetBytes(mail)).Changes.ShouldHaveSingleItem();
        change.Commit.Names.ShouldBe([Own]);
        change.Commit.Mends.ShouldBe(["bbbbbbbb1234"]);
        change.IsCommit.ShouldBeTrue();
    }
}
