using Shouldly;
using Suture.Build.Compile;
using Suture.Build.Patches;
using Suture.Elf;
using Suture.UnitTests.Patches;
using Xunit;

namespace Suture.UnitTests.Compile;

public class BuildPairsTests
{
    private const string Header = """
        #ifndef H
        #define H
        int out(const char *file, int line);
        static inline int twice(int x)
        {
        	return 2 * x;
        }
        static inline int four(int x)
        {
        	return twice(twice(x));
        }
        static inline int other(int x)
        {
        	return x - 7;
        }
        #define VIA_MACRO(x) twice(x)
        #endif

        """;

    private static TinyTree Tree() => new(
        ("include/h.h", Header),
        ("fs/direct.c", "#include <h.h>\nint direct(int x) { return twice(x); }\n"),
        ("fs/through.c", "#include <h.h>\nint through(int x) { return four(x); }\n"),
        ("fs/macro.c", "#include <h.h>\nint macro(int x) { return VIA_MACRO(x); }\n"),
        ("fs/not.c", "#include <h.h>\nint not(int x) { return other(x); }\n"),
        ("fs/alone.c", "int alone(int x)\n{\n\treturn x;\n}\nextern int out(const char *, int);\nint place(void)\n{\n\treturn out(__FILE__, __LINE__);\n}\n"));

    private static async Task<PairsBuilt> Built(TinyTree tree, PatchSet patches) =>
        (await tree.BuildAsync(patches, TestContext.Current.CancellationToken)).ShouldBeOfType<PairsBuilt>();

    private static string[] Sources(PairsBuilt built) => [.. built.Units.Select(u => u.Unit.Source)];

    [Fact]
    public async Task A_source_file_concerns_its_own_unit_only()
    {
        using var tree = Tree();
        var built = await Built(tree, tree.Edit(("fs/alone.c", "return x;", "return x + 1;")));
        Sources(built).ShouldBe(["fs/alone.c"]);
        built.Units[0].AreEqual.ShouldBeFalse();
        File.Exists(built.Units[0].OriginalObject).ShouldBeTrue();
        File.ReadAllText(Path.Combine(tree.Tree, "fs/alone.c")).ShouldContain("return x;");
    }

    [Fact]
    public async Task What_the_assembler_refuses_is_told_by_its_line_of_the_patch()
    {
        using var tree = Tree();
        var failed = (await tree.BuildAsync(tree.Edit(("fs/alone.c", "return x;", "asm(\"no_such_thing\");\n\treturn x;")), TestContext.Current.CancellationToken))
            .ShouldBeOfType<PatchedDoesNotCompile>();
        var message = failed.Units.ShouldHaveSingleItem().Messages.Single(m => m.IsError);
        message.Message.ShouldContain("no_such_thing");
        message.Patch.ShouldBe("alone.c.patch");
    }

    [Fact]
    public async Task A_compiler_that_was_killed_says_nothing_about_the_source()
    {
        using var tree = Tree();
        var killed = Path.Combine(tree.Tree, "killed");
        await File.WriteAllTextAsync(killed, "#!/bin/sh\necho 'gcc: fatal error: Killed signal terminated program cc1' >&2\nexit 1\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(killed, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var e = await Should.ThrowAsync<IOException>(() => ToolRun.Async([killed], tree.Tree, tree.Tree, TestContext.Current.CancellationToken));
        e.Message.ShouldContain("was killed");
    }

    [Fact]
    public async Task What_was_compiled_for_nearly_the_same_patches_is_kept()
    {
        using var tree = Tree();
        async Task<string> CompiledAsync(params (string, string, string)[] edits)
        {
            var built = (await tree.BuildAsync(CompilePlanner.Plan(tree.Site, tree.Edit(edits)), TestContext.Current.CancellationToken, keep: KeptObjects.All)).ShouldBeOfType<PairsBuilt>();
            return string.Join(' ', built.Units.Select(u => $"{Path.GetFileNameWithoutExtension(u.Unit.Source)}{(u.PatchedMs == 0 ? "" : "!")}"));
        }
        var twice = ("include/h.h", "return 2 * x;", "return x + x;");
        var alone = ("fs/alone.c", "return x;", "return x + 1;");
        (await CompiledAsync(twice, alone)).ShouldBe("direct! through! macro! alone!");
        (await CompiledAsync(twice, alone)).ShouldBe("direct through macro alone");
        (await CompiledAsync(twice, ("fs/alone.c", "return x;", "return x + 2;"))).ShouldBe("direct through macro alone!");
        (await CompiledAsync(alone)).ShouldBe("alone");
        (await CompiledAsync(("include/h.h", "return 2 * x;", "return x * 2 + 1;"), alone)).ShouldBe("direct! through! macro! alone");
    }

    [Fact]
    public async Task Type_information_is_for_units_that_may_see_other_types()
    {
        using var tree = Tree();
        async Task<string> TypedAsync(params (string, string, string)[] edits)
        {
            var built = (await tree.BuildAsync(CompilePlanner.Plan(tree.Site, tree.Edit(edits)), TestContext.Current.CancellationToken, keep: KeptObjects.All, withTypes: true)).ShouldBeOfType<PairsBuilt>();
            built.Units.Select(u => HasTypes(u.ReadOriginal())).ShouldBe(built.Units.Select(u => HasTypes(u.ReadPatched())));
            return string.Join(' ', built.Units.Select(u => $"{Path.GetFileNameWithoutExtension(u.Unit.Source)}{(HasTypes(u.ReadPatched()) ? "+types" : "")}{(u.PatchedMs == 0 ? "" : "!")}"));
        }
        static bool HasTypes(ElfObject unit) => unit.FindSection(".debug_info") is not null;
        var alone = ("fs/alone.c", "return x;", "return x + 1;");
        (await TypedAsync(alone)).ShouldBe("alone!");
        // What else the patch changes is nothing to it: the object serves again.
        (await TypedAsync(alone, ("fs/not.c", "int not(int x)", "int not(long x)"))).ShouldBe("not+types! alone");
        (await TypedAsync(alone, ("include/h.h", "return x - 7;", "return x - 8;"))).ShouldBe("not! alone");
        (await TypedAsync(alone, ("include/h.h", "static inline int other(int x)", "static inline int other(long x)"))).ShouldBe("not+types! alone");
    }

    /// <summary>Of a header that many include, names tell to whom the change of a type means something.</summary>
    [Fact]
    public async Task Who_mentions_nothing_of_a_type_that_changes_is_compiled_without_types()
    {
        using var tree = new TinyTree([
            ("include/t.h", "#ifndef T\n#define T\nstruct thing {\n\tint a;\n};\nstatic inline int get(struct thing *x)\n{\n\treturn x->a;\n}\n#endif\n"),
            ("fs/user.c", "#include <t.h>\nint user(struct thing *x)\n{\n\treturn get(x + 1);\n}\n"),
            .. Enumerable.Range(0, 45).Select(i => ($"fs/f{i}.c", $"#include <t.h>\nint f{i}(int x)\n{{\n\treturn x;\n}}\n"))]);
        var patches = tree.Edit(("include/t.h", "int a;", "int a; int b;"), ("fs/f3.c", "return x;", "return x + 1;"));
        var built = (await tree.BuildAsync(CompilePlanner.Plan(tree.Site, patches, TestContext.Current.CancellationToken), TestContext.Current.CancellationToken, withTypes: true)).ShouldBeOfType<PairsBuilt>();
        built.Units.Select(u => (u.Unit.Source, HasTypes: u.ReadOriginal().FindSection(".debug_info") is not null))
            .ShouldBe([("fs/user.c", true), ("fs/f3.c", false)], ignoreOrder: true);
    }

    [Fact]
    public async Task A_unit_that_the_build_spells_with_a_detour_is_found_by_its_path()
    {
        using var tree = new TinyTree(("arch/kvm/other.h", "#define OTHER 3\n"), ("virt/kvm/main.h", "#define BESIDE 4\n"),
            ("virt/kvm/main.c", "#include \"main.h\"\nint run(int x)\n{\n\treturn x + BESIDE;\n}\n"));
        var unit = tree.Site.Units.Single() with { Source = "arch/kvm/../../virt/kvm/main.c", Object = "arch/kvm/../../virt/kvm/main.o" };
        var patches = tree.Edit(("virt/kvm/main.c", "return x", "return 2 * x"));
        var plan = CompilePlanner.Plan(tree.Site with { Units = [unit] }, patches, TestContext.Current.CancellationToken);
        var built = (await tree.BuildAsync(plan, TestContext.Current.CancellationToken)).ShouldBeOfType<PairsBuilt>();
        built.Units.Single().AreEqual.ShouldBeFalse();
    }

    [Fact]
    public async Task A_shift_of_lines_changes_no_byte_of_the_object()
    {
        using var tree = Tree();
        var built = await Built(tree, tree.Edit(("fs/alone.c", "int alone", "/* one\n * two */\nint alone")));
        built.Units.Single().AreEqual.ShouldBeTrue();
    }

    [Fact]
    public async Task A_header_concerns_the_units_that_use_what_changed()
    {
        using var tree = Tree();
        var built = await Built(tree, tree.Edit(("include/h.h", "return 2 * x", "return x + x + 1")));
        Sources(built).ShouldBe(["fs/direct.c", "fs/through.c", "fs/macro.c"]);
        built.Candidates.ShouldBe(4);
        built.Units.ShouldAllBe(u => !u.AreEqual);
    }

    [Fact]
    public async Task A_second_build_uses_the_originals_of_the_first()
    {
        using var tree = Tree();
        var patch = tree.Edit(("fs/alone.c", "return x;", "return x + 1;"));
        var (first, second) = (await Built(tree, patch), await Built(tree, patch));
        second.Units[0].OriginalObject.ShouldBe(first.Units[0].OriginalObject);
        second.Units[0].OriginalMs.ShouldBe(0);
        second.Units[0].PatchedObject.ShouldNotBe(first.Units[0].PatchedObject);
    }

    [Fact]
    public async Task A_path_that_leads_back_to_the_original_header_is_noticed()
    {
        using var tree = new TinyTree(
            ("fs/up.h", "#define UP 1\n"),
            ("include/deep/d.h", "#include \"../../fs/up.h\"\n"),
            ("net/n.c", "#include <deep/d.h>\nint n(void) { return UP; }\n"));
        var built = await Built(tree, tree.Edit(("fs/up.h", "UP 1", "UP 2")));
        built.Units.Single().AreEqual.ShouldBeFalse();
    }

    [Fact]
    public async Task A_source_file_that_another_includes_concerns_that_one()
    {
        using var tree = new TinyTree(("fs/part.h", "int part(void) { return 1; }\n"), ("fs/whole.c", "#define PART \"part.h\"\n#include PART\n"));
        Sources(await Built(tree, tree.Edit(("fs/part.h", "return 1", "return 2")))).ShouldBe(["fs/whole.c"]);
    }

    [Fact]
    public async Task An_error_is_told_in_the_compilers_words_at_the_patchs_line()
    {
        using var tree = Tree();
        var patch = tree.Edit(("fs/alone.c", "return x;", "int y = 1;\n\treturn y + undeclared;"));
        var refused = (await tree.BuildAsync(patch, TestContext.Current.CancellationToken)).ShouldBeOfType<PatchedDoesNotCompile>();
        var message = refused.Units.Single().Messages.First(m => m.IsError);
        (message.File, message.Line, message.Patch, message.PatchLine).ShouldBe(("fs/alone.c", 4, "alone.c.patch", 8));
        message.Message.ShouldContain("undeclared");
    }

    [Fact]
    public async Task A_tree_that_does_not_compile_unpatched_is_an_error_of_its_own()
    {
        using var tree = new TinyTree(("a.c", "int a(void)\n{\n\treturn 1;\n}\nbroken\n"));
        (await tree.BuildAsync(tree.Edit(("a.c", "1", "2")), TestContext.Current.CancellationToken)).ShouldBeOfType<OriginalDoesNotCompile>();
    }

    [Fact]
    public async Task A_patch_that_does_not_apply_compiles_nothing()
    {
        using var tree = Tree();
        var patch = tree.Edit(("fs/alone.c", "return x;", "return x + 1;"));
        File.WriteAllText(Path.Combine(tree.Tree, "fs/alone.c"), "other\n");
        (await tree.BuildAsync(patch, TestContext.Current.CancellationToken)).ShouldBeOfType<PatchDoesNotApply>().Failures.Count.ShouldBe(1);
    }

    [Fact]
    public void A_file_that_is_not_built_is_told_whichever_of_its_names_the_tree_has()
    {
        using var tree = new TinyTree(("a.c", "int a;\n"));
        File.WriteAllText(Path.Combine(tree.Tree, "foo.c"), "1\n");
        var plan = CompilePlanner.Plan(tree.Site, PatchText.Patch("--- foo.c\n+++ foo.c.new\n@@ -1 +1 @@\n-1\n+2\n"), TestContext.Current.CancellationToken);
        plan.Unsupported.ShouldHaveSingleItem().Path.ShouldBe("foo.c");
    }

    [Fact]
    public async Task Type_information_changes_no_code()
    {
        using var tree = Tree();
        var patch = tree.Edit(("include/h.h", "return 2 * x", "struct { int x; } twin = { x };\n\treturn twin.x + x"));
        var stop = TestContext.Current.CancellationToken;
        var plain = (await tree.BuildAsync(patch, stop)).ShouldBeOfType<PairsBuilt>();
        var typed = (await tree.BuildAsync(patch, stop, CompilerCommand.TypeInformation(plain.Units[0].Unit))).ShouldBeOfType<PairsBuilt>();
        typed.Units.Count.ShouldBe(3);
        foreach (var (a, b) in plain.Units.Zip(typed.Units))
        {
            Loaded(b.OriginalObject).ShouldBe(Loaded(a.OriginalObject));
            Loaded(b.PatchedObject).ShouldBe(Loaded(a.PatchedObject));
            ElfObject.ReadFile(b.PatchedObject).FindSection(".debug_info").ShouldNotBeNull();
        }
        static List<string> Loaded(string path) => [.. ElfObject.ReadFile(path).Sections.Where(s => s.IsAlloc)
            .Select(s => $"{s.Name} {Convert.ToHexString(s.Data)} {string.Join(',', s.Relocations.Select(r => $"{r.Offset} {r.Type} {r.Symbol} {r.Addend}"))}")];
    }

    [Fact]
    public async Task Cancelling_stops_the_compiler()
    {
        using var tree = Tree();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => tree.BuildAsync(tree.Edit(("fs/alone.c", "return x;", "return 1;")), stop.Token));
    }
}
