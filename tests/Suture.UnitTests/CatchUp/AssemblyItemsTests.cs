using Shouldly;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Functions of assembly that C code may name.</summary>
public sealed class AssemblyItemsTests : IDisposable
{
    private const string Source = """
        #include <linux/linkage.h>
        .macro STEP reg
        	incq \reg
        .endm

        SYM_FUNC_START_LOCAL(helper)
        	nop
        	RET
        SYM_FUNC_END(helper)

        SYM_TYPED_FUNC_START(__copy)
        	movq %rsi, %rax
        SYM_INNER_LABEL(copy_fault, SYM_L_GLOBAL)
        	call helper
        SYM_INNER_LABEL(copy_end, SYM_L_LOCAL)
        	RET
        SYM_FUNC_END(__copy)
        SYM_FUNC_ALIAS(copy, __copy)
        SYM_FUNC_ALIAS_WEAK(copy_too, copy)

        SYM_CODE_START_NOALIGN(enter)
        	pushq %rax
        SYM_CODE_END(enter)

        ENTRY(old_one)
        	popq %rax
        ENDPROC(old_one)

        	.globl plain, plain_too
        plain:
        	movq $1, %rax
        1:	jmp 1b
        plain_too:
        	movq $2, %rax

        """;

    private const string All = "__copy copy_fault copy copy_too enter old_one plain plain_too";

    private readonly FakeKernel _kernel = new();

    public void Dispose() => _kernel.Dispose();

    [Theory]
    [InlineData("movq %rsi, %rax", "movq %rdi, %rax", "__copy copy_fault copy copy_too")]
    [InlineData("pushq %rax", "pushq %rbx", "enter")]
    [InlineData("popq %rax", "", "old_one")]
    [InlineData("movq $1, %rax", "movq $3, %rax", "plain")]
    [InlineData("movq $2, %rax", "movq $3, %rax", "plain_too")]
    [InlineData("pushq %rax", "pushq %rax\n\t/* a word */", "")]
    // Who uses a macro or calls a local function is not told.
    [InlineData("incq \\reg", "decq \\reg", All)]
    [InlineData("\tnop\n", "", All)]
    [InlineData("SYM_CODE_END(enter)", "SYM_CODE_END(enter)\nSYM_FUNC_START(added)\n\tRET\nSYM_FUNC_END(added)", "added")]
    public async Task A_change_is_about_the_functions_around_its_lines(string line, string other, string names)
    {
        var change = await ChangeOf(Source, Source.Replace(line, other, StringComparison.Ordinal));
        string.Join(' ', change.Items.OrderBy(i => i.Line).Select(i => i.Name)).ShouldBe(names);
        change.Items.ShouldAllBe(i => i.IsCallable && !i.IsLocal);
    }

    [Fact]
    public async Task What_names_a_function_of_refused_assembly_waits_for_it()
    {
        var assembly = await ChangeOf(Source, Source.Replace("pushq %rax", "pushq %rbx", StringComparison.Ordinal));
        Change Of(string path, string line) => new(path, path, System.Text.Encoding.Latin1.GetBytes(line + "\n"), [path], []) { Hunks = [] };
        var changes = new[] { assembly, Of("a.c", "+\tenter(1);"), Of("b.c", "+\tleave(1);") }.ToDictionary(c => c.Id);
        UnitVerdict Unit(string id, UnitState state) => new() { Id = id, Title = id, Changes = [id], Files = [id], State = state };
        Waiting.Run([Unit(assembly.Id, UnitState.Refused), Unit("a.c", UnitState.Carried), Unit("b.c", UnitState.Carried)], changes, DataLinks.None)
            .Select(u => (u.State, u.WaitsFor)).ShouldBe([(UnitState.Refused, null), (UnitState.WaitsFor, assembly.Id), (UnitState.Carried, null)]);
        // What nobody asked for is not there either.
        Waiting.Run([Unit("a.c", UnitState.Carried)], changes, DataLinks.None)[0].WaitsFor.ShouldBe(assembly.Id);
    }

    private async Task<Change> ChangeOf(string before, string after)
    {
        _kernel.WriteBuilt("arch/x86/lib/a.c", "int a;\n", later: "int a;\n");
        _kernel.Write("source/arch/x86/lib/copy_64.S", before);
        _kernel.Write("later/arch/x86/lib/copy_64.S", after);
        return (await TreeDifference.ToTreeAsync(_kernel.Open(), _kernel.Later, null, TestContext.Current.CancellationToken)).Changes.ShouldHaveSingleItem();
    }
}
