using Shouldly;
using Suture.Build.Patches;
using Xunit;

namespace Suture.UnitTests.Patches;

public class PatchFormatTests
{
    private const string Body = "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n";

    [Theory]
    [InlineData("--- a/f.c\n+++ b/f.c\n")]
    [InlineData("--- f.c.orig\n+++ f.c\n")]
    [InlineData("diff -ru old/f.c new/f.c\n--- old/f.c\t2024-01-01 10:00:00.0 +0100\n+++ new/f.c\t2024-01-01 10:00:01.0 +0100\n")]
    [InlineData("diff --git a/f.c b/f.c\nindex 1..2 100644\n--- a/f.c\n+++ b/f.c\n")]
    [InlineData("Index: f.c\n=====\n--- f.c\t(revision 1)\n+++ f.c\t(working copy)\n")]
    [InlineData("diff --git \"a/f.c\" \"b/f.c\"\n--- \"a/\\146.c\"\n+++ \"b/f.c\"\n")]
    public void Headers_of_all_tools_are_read(string header)
    {
        var applied = PatchText.Patch(header + Body).On(("f.c", PatchText.Numbers(5)));
        applied.Failures.ShouldBeEmpty();
        applied.Files.Single().Patched.Text().ShouldBe("1\ntwo\n3\n4\n5\n");
        applied.Files.Single().PatchLineOf(2)!.Value.Line.ShouldBe(header.Count(c => c == '\n') + 4);
    }

    [Fact]
    public void A_mailbox_of_several_mails_applies_in_order()
    {
        static string Mail(int n, string body) =>
            $"From 0123abc Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH {n}/2] x\n\n- a dash\n---\n f.c | 2 +-\n\ndiff --git a/f.c b/f.c\n--- a/f.c\n+++ b/f.c\n{body}-- \n2.39.2\n\n";

        var mbox = Mail(1, Body) + Mail(2, "@@ -1,3 +1,3 @@\n 1\n-two\n+zwei\n 3\n");
        PatchText.Patch(mbox).On(("f.c", PatchText.Numbers(3))).Files.Single().Patched.Text().ShouldBe("1\nzwei\n3\n");
    }

    [Fact]
    public void Mail_line_ends_are_taken_off_but_a_files_own_stay()
    {
        var mailed = ("--- a/f.c\n+++ b/f.c\n" + Body).Replace("\n", "\r\n");
        PatchText.Patch(mailed).On(("f.c", "1\n2\n3\n")).Files.Single().Patched.Text().ShouldBe("1\ntwo\n3\n");

        var own = "--- a/f.c\n+++ b/f.c\n@@ -1,3 +1,3 @@\n 1\r\n-2\r\n+two\r\n 3\r\n";
        PatchText.Patch(own).On(("f.c", "1\r\n2\r\n3\r\n")).Files.Single().Patched.Text().ShouldBe("1\r\ntwo\r\n3\r\n");
    }

    [Fact]
    public void A_missing_last_newline_is_kept_and_changed()
    {
        var patch = "--- a/f.c\n+++ b/f.c\n@@ -1,2 +1,2 @@\n 1\n-2\n\\ No newline at end of file\n+2\n";
        PatchText.Patch(patch).On(("f.c", "1\n2")).Files.Single().Patched.Text().ShouldBe("1\n2\n");
        PatchText.Patch(patch).On(("f.c", "1\n2\n")).Failures.Single().Kind.ShouldBe(PatchFailureKind.AlreadyApplied);
    }

    [Fact]
    public void An_empty_context_line_may_have_lost_its_blank() =>
        PatchText.Patch("--- a/f.c\n+++ b/f.c\n@@ -1,3 +1,2 @@\n\n-2\n 3\n").On(("f.c", "\n2\n3\n")).Files.Single().Patched.Text().ShouldBe("\n3\n");

    [Theory]
    [InlineData("", "no diff")]
    [InlineData("hello\n", "no diff")]
    [InlineData("@@ -1 +1 @@\n-a\n+b\n", "without the ---")]
    [InlineData("--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n 1\n-2\n", "ends within")]
    [InlineData("--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n 1\nx\n", "not part of a diff")]
    [InlineData("--- a/f\n+++ b/f\n@@ -99999999999999999999,3 +1,3 @@\n 1\n", "number")]
    [InlineData("--- a/f\n+++ b/f\n@@ --1,3 +1,3 @@\n 1\n", "number")]
    [InlineData("--- a/f\n+++ b/f\n@@ -1,3 1,3 @@\n 1\n", "not of the form")]
    [InlineData("--- a/f\n+++ b/f\n@@ -0,3 +1,3 @@\n 1\n", "line 0")]
    [InlineData("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n+c\n", "more changed lines")]
    [InlineData("--- a/f\n+++ b/f\n@@ -5 +5 @@\n-a\n+b\n@@ -5 +5 @@\n-a\n+b\n", "before the end")]
    [InlineData("--- a/f\n+++ b/f\n@@ -1 +1 @@\n\\ No newline\n", "no line before")]
    [InlineData("--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n", "/dev/null")]
    [InlineData("--- \"a/\\x\"\n+++ b/f\n", "escape")]
    [InlineData("--- \"a/f\n+++ b/f\n", "does not end")]
    [InlineData("--- a/f\u0001\n+++ b/f\n", "control")]
    [InlineData("*** a/f\n--- b/f\n***************\n", "context diff")]
    [InlineData("From x\nContent-Transfer-Encoding: base64\n\nZGlmZg==\n", "encoded")]
    public void What_cannot_be_read_is_said_with_its_place(string patch, string fault)
    {
        var thrown = Should.Throw<PatchFormatException>(() => PatchText.Patch(patch));
        thrown.Message.ShouldStartWith("p1.patch:");
        thrown.Message.ShouldContain(fault);
    }

    [Fact]
    public void A_million_hunks_are_refused()
    {
        var hunks = string.Concat(Enumerable.Range(1, 1_000_000).Select(i => $"@@ -{i} +{i} @@\n-a\n+b\n"));
        Should.Throw<PatchFormatException>(() => PatchText.Patch("--- a/f\n+++ b/f\n" + hunks)).What.ShouldContain("hunks");
    }

    [Fact]
    public void Any_truncation_and_any_flipped_byte_parse_or_throw_the_format_exception()
    {
        var whole = ("diff --git a/f.c b/f.c\nold mode 100644\nnew mode 100755\n--- a/f.c\n+++ b/f.c\n" + Body + "\\ No newline at end of file\n").Bytes();
        var random = new Random(1);
        for (var i = 0; i < 4_000; i++)
        {
            var bytes = whole[..random.Next(whole.Length + 1)];
            if (bytes.Length > 0 && i % 2 == 0)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            try
            {
                PatchSet.Parse([("x", bytes)]).Apply(_ => "1\n2\n3".Bytes());
            }
            catch (PatchFormatException)
            {
                // The one outcome besides success.
            }
        }
    }
}
