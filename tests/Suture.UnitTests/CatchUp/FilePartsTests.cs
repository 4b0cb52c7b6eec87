using System.Text;
using Shouldly;
using Suture.CatchUp.Difference;
using Xunit;

namespace Suture.UnitTests.CatchUp;

public sealed class FilePartsTests
{
    private const string Before = """
        #include <linux/kernel.h>

        /*
         * The first thing.
         *
         * It says what alpha is.
         *
         * Nothing else.
         */
        static int first(struct thing *t)
        {
        	int ret = t->alpha;

        	if (ret < 0)
        		return -EINVAL;
        	return ret;
        }

        /*
         * The second thing.
         */
        int second(struct thing *t)
        {
        	lock(t);
        	work(t);
        	unlock(t);
        	return 0;
        }

        static int third(struct thing *t)
        {
        	prepare(t);
        	int ret = first(t);

        	finish(t);
        	return ret;
        }

        int table[] = {
        	1,
        	2,
        	3,
        	4,
        };
        """;

    private static IReadOnlyList<Change> Parts(string path, params (string Old, string New)[] edits) => PartsOf(Before, path, edits);

    private static IReadOnlyList<Change> PartsOf(string before, string path, params (string Old, string New)[] edits)
    {
        var after = edits.Aggregate(before, (text, e) => text.Replace(e.Old, e.New, StringComparison.Ordinal));
        var directory = Directory.CreateTempSubdirectory("suture-parts").FullName;
        File.WriteAllText(Path.Combine(directory, "a"), before);
        File.WriteAllText(Path.Combine(directory, "b"), after);
        var diff = Compile.TinyTree.Run("diff", ["-u", "a", "b"], directory);
        Directory.Delete(directory, recursive: true);
        var bytes = Encoding.Latin1.GetBytes(diff);
        return FileParts.Of(new Change(path, path, bytes, [path], []) { Hunks = DiffHunk.Read(bytes) }, before.Split('\n'), after.Split('\n'));
    }

    [Fact]
    public void What_has_nothing_in_common_is_apart()
    {
        var parts = Parts("a.c", ("ret < 0", "ret <= 0"), ("work(t);", "work_hard(t);"), ("\t4,", "\t5,"));
        parts.Select(p => p.Id).ShouldBe(["a.c#first", "a.c#second", "a.c#table"]);
        parts[1].Title.ShouldBe("a.c: second");
        parts[1].Items.ShouldBe([new SourceItem(21, "second", IsCallable: true, IsLocal: false)]);
        Encoding.Latin1.GetString(parts[1].Patch).ShouldContain("+\twork_hard(t);");
        Encoding.Latin1.GetString(parts[1].Patch).ShouldNotContain("<= 0");
    }

    [Theory]
    [InlineData("ret < 0", "ret < 0 || t->broken", "work(t);", "work(t); t->broken = 1;")]
    [InlineData("ret < 0", "ret <= 0", "first(t);", "first(t->inner);")]
    // third() calls first(), though the call stays as it is; a member's name counts however short it is.
    [InlineData("ret < 0", "ret <= 0", "finish(t);", "finish_all(t);")]
    [InlineData("ret < 0", "ret < 0 || t->id", "work(t);", "work(t); t->id = 1;")]
    [InlineData("prepare(t);", "prepare_all(t);", "finish(t);", "finish_all(t);")]
    public void What_names_the_same_or_each_other_or_lies_in_one_function_is_one(string old1, string new1, string old2, string new2) =>
        Parts("a.c", (old1, new1), (old2, new2)).ShouldHaveSingleItem().Id.ShouldBe("a.c");

    [Theory]
    // Each has a variable ret of its own, a parameter and a label.
    [InlineData("ret < 0", "ret < 0 || ret > 9", "int ret = first(t);", "int ret = first(t) + 1;", "third")]
    [InlineData("return ret;\n}\n\n/*", "goto leave;\nleave:\n\treturn ret;\n}\n\n/*", "work(t);", "goto leave;\nleave:\n", "second")]
    [InlineData("int ret = t->alpha;", "int value = t->alpha, outcome = value;", "work(t);", "int outcome = work(t);", "second")]
    public void Names_that_mean_something_in_one_function_alone_join_nothing(string old1, string new1, string old2, string new2, string other)
    {
        // third() calls first(), which the call no longer says here.
        var parts = PartsOf(Before.Replace("= first(t)", "= alpha(t)", StringComparison.Ordinal), "a.c", (old1, new1), (old2.Replace("first(", "alpha(", StringComparison.Ordinal), new2.Replace("first(", "alpha(", StringComparison.Ordinal)));
        parts.Select(p => p.Id).ShouldBe(["a.c#first", $"a.c#{other}"]);
    }

    [Theory]
    [InlineData("EXPORT_SYMBOL_GPL(first);", "first", false, false)]
    [InlineData("module_init(thing_init);", "thing_init", false, false)]
    [InlineData("static DEFINE_MUTEX(thing_lock);", "thing_lock", false, true)]
    [InlineData("SYSCALL_DEFINE2(pivot_root, const char __user *, new_root,", "__do_sys_pivot_root", true, true)]
    [InlineData("COMPAT_SYSCALL_DEFINE1(sysinfo, struct compat_sysinfo __user *, info)", "__do_compat_sys_sysinfo", true, true)]
    [InlineData("BPF_CALL_1(bpf_thing, u32, at)", "bpf_thing", true, false)]
    [InlineData("do_thing(struct thing *t);", "do_thing", true, false)]
    [InlineData("static int do_thing(struct thing *t)", "do_thing", true, true)]
    [InlineData("static DEFINE_PER_CPU(u64, hits);", "hits", false, true)]
    [InlineData("DEFINE_PER_CPU(struct thing, things);", "things", false, false)]
    [InlineData("MODULE_LICENSE(\"GPL\");", "MODULE_LICENSE", false, false)]
    public void What_a_macro_makes_is_called_as_its_argument(string line, string name, bool isCallable, bool isLocal) =>
        SourceWords.ItemAt([line], 0).ShouldBe(new SourceItem(0, name, isCallable, isLocal));

    [Theory]
    [InlineData("#define each(x) visit(x, things)|static struct list_head *things;|int f(void)|{|}")]
    [InlineData("void prepare(struct thing *t);|static struct list_head *things;|int f(void)|{|}")]
    [InlineData("static inline void none(void) { }|static struct list_head *things;|int f(void)|{|}")]
    [InlineData("static int one[] = { 1 };|static struct list_head *things;|int f(void)|{|}")]
    public void What_stands_behind_an_item_is_not_local_to_it(string lines) =>
        SourceWords.LocalsOf(lines.Split('|'), new SourceItem(0, "", IsCallable: true, IsLocal: false)).ShouldNotContain("things");

    [Fact]
    public void Comments_belong_to_nothing_and_includes_to_all()
    {
        var parts = Parts("a.c", ("kernel.h>", "kernel.h>\n#include <linux/list.h>"), ("second thing.", "second thing, which first() calls."), ("ret < 0", "ret <= 0"), ("\t4,", "\t5,"));
        parts.Select(p => p.Id).ShouldBe(["a.c#first", "a.c#table"]);
        parts.ShouldAllBe(p => Encoding.Latin1.GetString(p.Patch).Contains("linux/list.h"));
    }

    [Fact]
    public void In_headers_includes_stand_for_themselves_and_words_join_nothing()
    {
        var parts = Parts("a.h", ("kernel.h>", "kernel.h>\n#include <linux/list.h>"), ("ret < 0", "ret < 0 || t->broken"), ("work(t);", "work(t); t->broken = 1;"));
        parts.Select(p => p.Id).ShouldBe(["a.h#include", "a.h#first", "a.h#second"]);
    }

    [Fact]
    public void Parts_written_together_are_the_whole()
    {
        var parts = Parts("a.c", ("ret < 0", "ret <= 0\n\t    && ret > -9"), ("work(t);", "work_hard(t);"), ("\t4,", "\t5,"));
        var whole = Encoding.Latin1.GetString(DiffHunk.Write("a.c", parts.Reverse().SelectMany(p => p.Hunks!)));
        var directory = Directory.CreateTempSubdirectory("suture-parts").FullName;
        File.WriteAllText(Path.Combine(directory, "a.c"), Before);
        File.WriteAllText(Path.Combine(directory, "p"), whole);
        Compile.TinyTree.Run("patch", ["-p1", "--fuzz=0", "-i", "p"], directory).ShouldNotContain("offset");
        var text = File.ReadAllText(Path.Combine(directory, "a.c"));
        Directory.Delete(directory, recursive: true);
        text.ShouldContain("ret <= 0\n\t    && ret > -9");
        text.ShouldContain("\t5,");
        text.ShouldContain("work_hard");
    }
}
