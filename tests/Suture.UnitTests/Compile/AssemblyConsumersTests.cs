using Shouldly;
using Suture.Build.Compile;
using Suture.Build.Patches;
using Suture.Build.Trees;
using Suture.UnitTests.Patches;
using Xunit;

namespace Suture.UnitTests.Compile;

public sealed class AssemblyConsumersTests
{
    private static TinyTree Tree() => new(
        ("include/both.h", "#define BOTH 1\n#define UNUSED 1\n#ifdef __ASSEMBLY__\n.macro CLEAR\n\tnop\n.endm\n#else /* C */\nstatic inline int two(void) { return 2; }\n#endif\n"),
        ("include/deep.h", "#ifndef __ASSEMBLER__\n#include \"c_only.h\"\n#endif\n#if !defined(__ASSEMBLY__) && defined(X)\n#include \"c_too.h\"\n#endif\n#include \"seen.h\"\n"),
        ("include/c_only.h", "#define C_ONLY 1\n"),
        ("include/c_too.h", "#define C_TOO 1\n"),
        ("include/seen.h", "#define SEEN 1\n"),
        ("arch/x86/entry/calling.h", "#include \"deep.h\"\n#define SAVE push %rbx\n"),
        ("arch/x86/entry/entry.S", "#include \"../tdx/included.S\"\n#include \"calling.h\"\n#include \"both.h\"\n\tCLEAR\n\tSAVE\n\tmov $BOTH+SEEN, %eax\n"),
        ("arch/x86/entry/entry_32.S", "#include \"only32.h\"\n"),
        ("arch/x86/entry/only32.h", "#define ONLY 1\n"),
        ("drivers/other.S", "#include \"both.h\"\n#include <asm/of-another.h>\n"),
        ("drivers/driver.c", "int g(void) { return 1; }\n"),
        ("arch/x86/tdx/included.S", "#include \"both.h\"\n"),
        ("arch/x86/entry/common.c", "#include \"both.h\"\nint f(void) { return BOTH + two(); }\n"));

    private static async Task<IReadOnlyList<UnsupportedChange>> JudgeAsync(TinyTree tree, string path, string old, string @new)
    {
        var plan = CompilePlanner.Plan(tree.Site, tree.Edit((path, old, @new)), TestContext.Current.CancellationToken);
        var work = Directory.CreateDirectory(Path.Combine(tree.Site.WorkDirectory, Guid.NewGuid().ToString("N"))).FullName;
        return (await AssemblyConsumers.JudgeAsync(plan, work, TestContext.Current.CancellationToken)).Unsupported;
    }

    [Theory]
    [InlineData("include/both.h", "\tnop", "\tlfence")]
    [InlineData("include/both.h", "BOTH 1", "BOTH 2")]
    [InlineData("include/seen.h", "SEEN 1", "SEEN 2")]
    [InlineData("arch/x86/entry/calling.h", "push %rbx", "push %rbp")]
    public async Task A_change_of_what_assembly_is_made_of_is_refused(string path, string old, string @new)
    {
        using var tree = Tree();
        var refused = (await JudgeAsync(tree, path, old, @new)).ShouldHaveSingleItem();
        (refused.Kind, refused.Blocks, refused.Path).ShouldBe((UnsupportedKind.Assembly, true, path));
        refused.Reason.ShouldContain("arch/x86/entry/entry.S");
        refused.PatchLine.ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData("include/both.h", "return 2", "return 3")]
    [InlineData("include/both.h", "UNUSED 1", "UNUSED 2")]
    [InlineData("include/both.h", "/* C */", "/* not assembly */")]
    [InlineData("arch/x86/entry/calling.h", "\n#define SAVE", "\n\n/* saves */\n#define SAVE")]
    public async Task A_change_that_means_nothing_to_assembly_is_none_of_its(string path, string old, string @new)
    {
        using var tree = Tree();
        (await JudgeAsync(tree, path, old, @new)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("include/c_only.h", "C_ONLY 1", "C_ONLY 2")]
    [InlineData("include/c_too.h", "C_TOO 1", "C_TOO 2")]
    [InlineData("arch/x86/entry/only32.h", "ONLY 1", "ONLY 2")]
    public async Task What_nothing_is_made_of_is_left_out_with_a_word(string path, string old, string @new)
    {
        using var tree = Tree();
        var left = (await JudgeAsync(tree, path, old, @new)).ShouldHaveSingleItem();
        (left.Kind, left.Blocks).ShouldBe((UnsupportedKind.NotBuilt, false));
    }

    [Fact]
    public async Task A_source_that_cannot_be_looked_at_counts_as_changed()
    {
        using var tree = Tree();
        File.AppendAllText(Path.Combine(tree.Tree, "arch/x86/entry/entry.S"), "#include \"generated-elsewhere.h\"\n");
        (await JudgeAsync(tree, "include/both.h", "UNUSED 1", "UNUSED 2")).ShouldHaveSingleItem().Kind.ShouldBe(UnsupportedKind.Assembly);
    }

    [Theory]
    [InlineData("#ifdef __ASSEMBLY__\na\n#else\nb\n#endif\nc", "a c")]
    [InlineData("#ifndef __ASSEMBLY__\na\n#else\nb\n#endif\nc", "b c")]
    [InlineData("#if !defined(__ASSEMBLER__)\na\n#ifdef X\nb\n#else\nc\n#endif\nd\n#endif\ne", "e")]
    [InlineData("#if ! defined __ASSEMBLY__ && X\na\n#elif Y\nb\n#endif\nc", "b c")]
    [InlineData("#if !defined(__ASSEMBLY__) || X\na\n#endif\nc", "a c")]
    [InlineData("#if defined(__ASSEMBLY__) && X\na\n#else\nb\n#endif\nc", "a b c")]
    [InlineData("#if defined(__ASSEMBLY__)\na\n#elif X\nb\n#else\nc\n#endif", "a")]
    [InlineData("#ifdef X\n#ifndef __ASSEMBLY__\na\n#endif\nb\n#else\nc\n#endif", "b c")]
    public void Assembly_sees_what_is_not_kept_from_it(string text, string seen) =>
        string.Join(' ', AssemblyText.Visible(text.Bytes()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l[0] != '#')).ShouldBe(seen);
}
