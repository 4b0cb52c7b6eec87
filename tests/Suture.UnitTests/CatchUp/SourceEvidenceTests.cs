using System.Text;
using Shouldly;
using Suture.Build;
using Suture.CatchUp;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Diff.Findings;
using Suture.Diff.Review;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Doubts about locks and references that the source speaks against.</summary>
public sealed class SourceEvidenceTests
{
    private static readonly Finding Locks = ReviewCatalog.Of(CallSubject.Lock, "second", ["mutex_lock"], calledBefore: true);
    private static readonly Finding References = ReviewCatalog.Of(CallSubject.Reference, "second", ["path_put"], calledBefore: true);
    private static readonly Finding Dropped = ReviewCatalog.ReferenceDropped("second", ["kfree_skb_reason", "dst_release"]);

    private static Change Of(string id, params string[] lines)
    {
        var bytes = Encoding.Latin1.GetBytes($"--- a/{id}\n+++ b/{id}\n@@ -1,1 +1,1 @@\n{string.Join('\n', lines)}\n");
        return new(id, id, bytes, [id.Split('#')[0]], []) { Hunks = DiffHunk.Read(bytes) };
    }

    [Theory]
    [InlineData(true, true, "+\tif (flags & TEMPLATE)", "+\t\tflags &= ~ONE;")]
    [InlineData(true, true, "+\tflags = READ_ONCE(opts->reserved); /* put(x) later */", " \tgo(x);")]
    [InlineData(true, true, "-\tif (!check_mnt(root))", "+\tif (!check_mnt(root) || !root->parent)")]
    // A path to what is there already: a reference more may be dropped on it, but none of that kind was taken less often before; for locks nothing tells.
    [InlineData(true, false, "+\tif (dentry->d_sb->s_flags & SB_NOUSER)", "+\t\tgoto err_path;")]
    // What is called is not the same, or not with the same, or not everywhere.
    [InlineData(false, false, "+\tpath_put(&path);")]
    [InlineData(false, false, "-\thelp(x);")]
    [InlineData(false, false, "-\thelp(x, false);", "+\thelp(x, true);")]
    [InlineData(false, false, "-\thelp(x);", "+\thelp(x);", "+\thelp(y);")]
    [InlineData(false, false, "-\thelp(x);", " \tother;", "+\thelp(x);")]
    [InlineData(false, false, "-#if 0", " \tother;", "-#endif")]
    // Its condition changes.
    [InlineData(false, true, "-\tif (x->a)", "+\tif (x->b)", " \t\tpath_put(&path);")]
    [InlineData(true, false, "-\tif (x->a)", "+\tif (x->b)", " \t\tmutex_unlock(&x->lock);")]
    public void Code_that_calls_what_it_called_takes_and_drops_the_same(bool areReferences, bool areLocks, params string[] lines)
    {
        Change[] of = [Of("fs/a.c", lines)];
        (SourceEvidence.Against(References, of, of) is not null).ShouldBe(areReferences);
        (SourceEvidence.Against(Locks, of, of) is not null).ShouldBe(areLocks);
    }

    [Fact]
    public void Only_what_the_compiler_may_have_doubled_is_settled()
    {
        Change[] of = [Of("fs/a.c", "+\tflags = 0;")];
        SourceEvidence.Against(Locks, of, of).ShouldNotBeNull();
        SourceEvidence.Against(Locks with { CalledBefore = false }, of, of).ShouldBeNull();
        SourceEvidence.Against(Locks with { Code = "SUT0804" }, of, of).ShouldBeNull();
        SourceEvidence.Against(Locks, [], of).ShouldBeNull();
        SourceEvidence.Against(Locks, [of[0] with { Hunks = null }], of).ShouldBeNull();
        // Where the path changes, nothing else may take such references.
        Change[] jumping = [Of("fs/a.c", "+\t\tgoto out;")];
        SourceEvidence.Against(References, jumping, [.. jumping, Of("fs/b.c", "+\tpath_get(&x->path);")]).ShouldBeNull();
    }

    [Theory]
    [InlineData(true, "net/b.c", "+\tskb->len = skb_get_hash_net(net);")]
    [InlineData(true, "net/b.c", "+\tskb_page_unref(skb, page);")]
    [InlineData(true, "net/b.c", "+\tsession_get(src, dst);")]
    [InlineData(true, "net/b.c", "-\tskb_get(skb);")]
    [InlineData(true, "net/b.c", "-\tif (skb_get(skb))", "+\tif (!skb_get(skb))")]
    [InlineData(true, "net/b.c", "+\tsock_hold(sk);")]
    [InlineData(false, "net/b.c", "+\tskb_get(skb);")]
    [InlineData(false, "net/b.c", "+\tdst_clone(dst);")]
    [InlineData(false, "net/b.c", "+\tatomic_inc(&skb->users);")]
    [InlineData(false, "net/b.c", "+\trefcount_set(&skb->users, 2);")]
    // In the same directory a counter may be that of anything.
    [InlineData(false, "net/b.c", "+\tkref_get(&p->ref);")]
    [InlineData(true, "fs/b.c", "+\tkref_get(&p->ref);")]
    // Who called this function dropped it so far.
    [InlineData(false, "net/b.c", "-\tkfree_skb(skb);")]
    [InlineData(false, "net/a.c#third", "+\tif (!dst_hold_safe(&rt->dst))")]
    // The unit itself, and all of its file, in which it is: the engine has seen these.
    [InlineData(true, "net/a.c#second", "+\tskb_get(skb);")]
    [InlineData(true, "net/a.c", "+\tskb_get(skb);")]
    public void A_reference_that_nothing_newly_takes_was_taken_before(bool isSettled, string id, params string[] lines)
    {
        Change[] of = [Of("net/a.c#second", "+\tkfree_skb(skb);")];
        (SourceEvidence.Against(Dropped, of, [Of(id, lines)]) is not null).ShouldBe(isSettled);
    }

    [Theory]
    [InlineData("put dst_release", "+\tflags = 0;")]
    [InlineData("refcount_dec_and_lock", "+\tflags = 0;")]
    [InlineData("fput", "+\tfile = get_file(f);")]
    [InlineData("fput", "+\tf = fget(fd);")]
    [InlineData("iput", "+\tigrab(x);")]
    [InlineData("dput", "+\tdget(x);")]
    [InlineData("sock_put", "+\trefcount_inc(&sk->sk_refcnt);")]
    public void What_is_dropped_must_be_known(string callees, string line)
    {
        Change[] of = [Of("net/a.c", "+\tdrop(x);")];
        SourceEvidence.Against(Dropped with { Callees = callees }, of, [Of("net/b.c", line)]).ShouldBeNull();
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
