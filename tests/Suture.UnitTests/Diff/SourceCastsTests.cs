using Shouldly;
using Suture.Build;
using Suture.Build.Patches;
using Suture.Diff.Findings;
using Suture.UnitTests.Compile;
using Suture.UnitTests.Patches;
using Xunit;

namespace Suture.UnitTests.Diff;

public sealed class SourceCastsTests
{
    private static Finding Reconsider(string text)
    {
        using var tree = new TinyTree(("x.c", text));
        var files = tree.Edit(("x.c", "int z;", "int zz;")).Apply(_ => text.Bytes()).Files;
        return new SourceCasts(files).Reconsider(new Finding("SUT0503", Severity.Note, "x.c", 1, "struct cb", "safe", "nothing to do"));
    }

    [Theory]
    [InlineData("#define CB(skb) ((struct cb *)&(skb)->cb[0])\nint z;\n")]
    [InlineData("int z;\nint f(void *p) { return (( const struct  cb  * * )p)[0]->x; }\n")]
    [InlineData("int z;\nint f(struct m *p) { return container_of(p,\n\tstruct cb, m)->x; }\n")]
    [InlineData("int z;\nint f(struct m *p) { struct cb *q = p->private; return q->x; }\n")]
    [InlineData("int z;\nint f(struct m *p) { p->private = kzalloc(sizeof(struct cb), GFP_KERNEL); return 0; }\n")]
    public void A_cast_refuses(string text) => (Reconsider(text).Code, Reconsider(text).Severity).ShouldBe(("SUT0502", Severity.Error));

    [Theory]
    [InlineData("int z;\nint f(struct cb *p, struct cb q) { return sizeof(struct cb) + p->x; }\n")]
    [InlineData("int z;\nint f(void *p) { return ((struct cbs *)p)->x; }\n")]
    [InlineData("int z;\nvoid g(struct cb *p);\n")]
    [InlineData("int z;\nint f(struct cb q) { struct cb *p = &q; struct cb *r = NULL; struct cb *s =\t&q; return p->x; }\n")]
    public void Anything_else_does_not(string text) => Reconsider(text).Code.ShouldBe("SUT0503");
}
