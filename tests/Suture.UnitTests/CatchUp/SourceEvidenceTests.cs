using System.Text;
using Shouldly;
using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
using Suture.Diff.Review;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Doubts about locks and references that the source speaks against.</summary>
public sealed class SourceEvidenceTests
{
    private static readonly Finding Locks = ReviewCatalog.Of(CallSubject.Lock, "second", ["mutex_lock"]);
    private static readonly Finding References = ReviewCatalog.Of(CallSubject.Reference, "second", ["path_put"]);
    private static readonly Finding Dropped = ReviewCatalog.ReferenceDropped("second", ["kfree_skb_reason", "dst_release"]);

    private static Change Of(string id, params string[] lines) =>
        new(id, id, Encoding.Latin1.GetBytes($"--- a/{id}\n+++ b/{id}\n@@ -1,1 +1,1 @@\n{string.Join('\n', lines)}\n"), [id.Split('#')[0]], []) { Hunks = [] };

    [Theory]
    [InlineData(true, "+\tif (dentry->d_sb->s_flags & SB_NOUSER)", "+\t\tgoto err_path;")]
    [InlineData(true, "+\tif (unlikely(READ_ONCE(opts->reserved)))", "+\t\treturn -EINVAL; /* put(x) later */")]
    [InlineData(true, "-\tif (!check_mnt(root))", "+\tif (!check_mnt(root) || !root->parent)")]
    [InlineData(false, "+\tpath_put(&path);")]
    [InlineData(false, "-\thelp(x);")]
    [InlineData(false, "-\thelp(x);", "+\thelp(x);", "+\thelp(y);")]
    public void Code_that_calls_the_same_functions_takes_and_drops_the_same(bool isSettled, params string[] lines)
    {
        Change[] of = [Of("fs/a.c", lines)];
        (SourceEvidence.Against(References, of, of) is not null).ShouldBe(isSettled);
        (SourceEvidence.Against(Locks, of, of) is not null).ShouldBe(isSettled);
        SourceEvidence.Against(Locks with { Code = "SUT0804" }, of, of).ShouldBeNull();
        SourceEvidence.Against(Locks, [], of).ShouldBeNull();
    }

    [Theory]
    [InlineData(true, "net/b.c", "+\tskb->len = skb_get_hash_net(net);")]
    [InlineData(true, "net/b.c", "+\tskb_page_unref(skb, page);")]
    [InlineData(true, "net/b.c", "+\tsession_get(src, dst);")]
    [InlineData(true, "net/b.c", "-\tskb_get(skb);")]
    [InlineData(true, "net/b.c", "+\tsock_hold(sk);")]
    [InlineData(false, "net/b.c", "+\tskb_get(skb);")]
    [InlineData(false, "net/b.c", "+\trefcount_inc(&skb->users);")]
    [InlineData(false, "net/a.c#third", "+\tif (!dst_hold_safe(&rt->dst))")]
    // The unit itself, and all of its file, in which it is: the engine has seen these.
    [InlineData(true, "net/a.c#second", "+\tskb_get(skb);")]
    [InlineData(true, "net/a.c", "+\tskb_get(skb);")]
    public void A_reference_that_nothing_newly_takes_was_taken_before(bool isSettled, string id, string line)
    {
        Change[] of = [Of("net/a.c#second", "+\tkfree_skb(skb);")];
        (SourceEvidence.Against(Dropped, of, [Of(id, line)]) is not null).ShouldBe(isSettled);
    }

    [Fact]
    public void What_is_dropped_must_be_known()
    {
        Change[] of = [Of("net/a.c", "+\tfput(file);")];
        SourceEvidence.Against(ReviewCatalog.ReferenceDropped("second", ["put", "dst_release"]), of, of).ShouldBeNull();
        SourceEvidence.Against(ReviewCatalog.ReferenceDropped("second", ["a_put", "dst_put", "b_put", "c_put", "d_put"]), of, of).ShouldBeNull();
    }

    [Fact]
    public void What_is_settled_is_carried_and_says_why()
    {
        var changes = new[] { Of("fs/a.c", "+\t\tgoto out;") }.ToDictionary(c => c.Id);
        var verdict = UnitRules.Judge(changes["fs/a.c"], new BuildOutcome(["fs/a.c"], BuildStatus.Built, [References], ["second"]), changes, AcceptFile.Empty);
        verdict.State.ShouldBe(UnitState.Carried);
        verdict.Reason.ShouldContain("SUT0803 comes from the compiler");
    }
}
