using Shouldly;
using Suture.Build.Patches;
using Xunit;

namespace Suture.UnitTests.Patches;

public class PatchApplyTests
{
    private static string Change(string path, int line, int context = 3, string? text = null)
    {
        var before = string.Concat(Enumerable.Range(line - context, context).Select(i => $" {i}\n"));
        var after = string.Concat(Enumerable.Range(line + 1, context).Select(i => $" {i}\n"));
        var count = 2 * context + 1;
        return $"--- a/{path}\n+++ b/{path}\n@@ -{line - context},{count} +{line - context},{count} @@\n{before}-{text ?? line.ToString()}\n+new\n{after}";
    }

    [Fact]
    public void A_hunk_that_moved_applies_with_a_note()
    {
        var applied = PatchText.Patch(Change("f.c", 20)).On(("f.c", "a\nb\nc\n" + PatchText.Numbers(40)));
        applied.Succeeded.ShouldBeTrue();
        applied.Notes.Single().ToString().ShouldBe("p1.patch:3: hunk 1 of 1 for f.c applied at line 20, 3 lines below where the patch says");
        applied.Files.Single().Regions.ShouldBe([new ChangedRegion(23, 1, 23, 1)]);
    }

    /// <summary>A copy of a function that this tree does not have: its lines stand in the one that it was copied from.</summary>
    [Theory]
    [InlineData("int second(int a)", "fits at line 4, which is part of 'int first(int a)'; the patch says 'int second(int a)'")]
    [InlineData("int first(int a)", null)]
    [InlineData("out:", null)]
    [InlineData("", null)]
    public void A_hunk_that_fits_in_another_function_than_the_patch_says_is_doubted(string section, string? doubt)
    {
        var patch = $"--- a/f.c\n+++ b/f.c\n@@ -54,3 +54,4 @@ {section}\n \tint b;\n+\tint c;\n \n \tb = a;\n";
        var applied = PatchText.Patch(patch).On(("f.c", "int first(int a)\n{\nout:\n\tint b;\n\n\tb = a;\n\treturn b;\n}\n"));
        applied.Succeeded.ShouldBeTrue();
        var note = applied.Notes.Single();
        note.IsDoubtful.ShouldBe(doubt is not null);
        note.Message.ShouldContain(doubt ?? "applied at line 4");
    }

    [Fact]
    public void A_hunk_that_shows_where_its_function_begins_needs_no_other_word()
    {
        var applied = PatchText.Patch("--- a/f.c\n+++ b/f.c\n@@ -3,4 +3,5 @@ int gone(void)\n \n int second(int a)\n {\n+\ta++;\n \treturn a;\n")
            .On(("f.c", "int first(void);\n\nint second(int a)\n{\n\treturn a;\n}\n"));
        applied.Notes.ShouldAllBe(n => !n.IsDoubtful);
    }

    [Fact]
    public void A_hunk_that_fits_in_two_places_is_refused()
    {
        var failure = PatchText.Patch(Change("f.c", 20)).On(("f.c", "x\n" + PatchText.Numbers(40) + PatchText.Numbers(40))).Failures.Single();
        failure.Kind.ShouldBe(PatchFailureKind.HunkAmbiguous);
        failure.Message.ShouldContain("lines 18, 58");
        failure.OffBy.ShouldBe(1);
    }

    [Fact]
    public void Context_that_differs_is_refused_with_the_nearest_place_and_both_texts()
    {
        var tree = "x\ny\n" + PatchText.Numbers(40).Replace("\n18\n", "\neighteen\n");
        var failure = PatchText.Patch(Change("f.c", 20)).On(("f.c", tree)).Failures.Single();
        failure.Kind.ShouldBe(PatchFailureKind.HunkMismatch);
        (failure.Hunk, failure.HunkCount, failure.ExpectedLine, failure.NearestLine, failure.OffBy).ShouldBe((1, 1, 17, 19, 2));
        (failure.Expected, failure.Found, failure.DifferingPatchLine, failure.DifferingLine).ShouldBe(("18", "eighteen", 5, 20));
        failure.Message.ShouldContain("6 of its 7 lines match nearest at line 19, 2 lines below expected");
    }

    [Fact]
    public void White_space_alone_is_named()
    {
        var failure = PatchText.Patch(Change("f.c", 20, text: "2 0")).On(("f.c", PatchText.Numbers(40))).Failures.Single();
        failure.Message.ShouldContain("only in white space");
    }

    [Fact]
    public void A_hunk_applied_already_is_called_so()
    {
        var failure = PatchText.Patch(Change("f.c", 20)).On(("f.c", PatchText.Numbers(40).Replace("\n20\n", "\nnew\n"))).Failures.Single();
        failure.Kind.ShouldBe(PatchFailureKind.AlreadyApplied);
        failure.Message.ShouldContain("already applied");
    }

    [Fact]
    public void A_tree_that_has_all_of_it_has_the_patch()
    {
        string With(params int[] lines) => string.Concat(Enumerable.Range(1, 40).Select(i => lines.Contains(i) ? "new\n" : $"{i}\n"));
        bool Has(params (string Path, string Text)[] tree) => PatchText.Patch(Change("f.c", 10), Change("g.c", 20)).On(tree).IsAlreadyApplied;
        Has(("f.c", With(10)), ("g.c", With(20))).ShouldBeTrue();
        Has(("f.c", With(10)), ("g.c", With())).ShouldBeFalse();
        Has(("f.c", With(10)), ("g.c", "1\n")).ShouldBeFalse();
        Has(("f.c", With()), ("g.c", With())).ShouldBeFalse();
        // What is no C source cannot be compared, and where hunks stand in another order it is something else.
        PatchText.Patch(Change("f.c", 10), Change("g.S", 20)).On(("f.c", With(10)), ("g.S", With(20))).IsAlreadyApplied.ShouldBeFalse();
        var two = Change("f.c", 10) + Change("f.c", 30)[Change("f.c", 30).IndexOf("@@", StringComparison.Ordinal)..];
        PatchText.Patch(two).On(("f.c", With(10, 30))).IsAlreadyApplied.ShouldBeTrue();
        var lines = With(10, 30).Split('\n');
        PatchText.Patch(two).On(("f.c", string.Join('\n', [.. lines[20..], .. lines[..20]]))).IsAlreadyApplied.ShouldBeFalse();
    }

    [Fact]
    public void Every_failing_hunk_is_reported()
    {
        var failures = PatchText.Patch(Change("f.c", 20), Change("g.c", 10)).On(("f.c", "1\n"), ("g.c", "1\n")).Failures;
        failures.Select(f => f.Path).ShouldBe(["f.c", "g.c"]);
    }

    [Fact]
    public void Later_patches_see_what_earlier_ones_left_and_the_line_map_is_of_all()
    {
        var second = Change("f.c", 22).Replace(" 20\n", " new\n");
        var file = PatchText.Patch(Change("f.c", 20), second).On(("f.c", PatchText.Numbers(40))).Files.Single();
        file.PatchLineOf(20).ShouldBe(("p1.patch", 8));
        file.PatchLineOf(22).ShouldBe(("p2.patch", 8));
        file.Origins[22].OriginalLine.ShouldBe(23);
        file.Regions.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("fs/f.c", "fs/f.c")]
    [InlineData("f.c", "f.c")]
    [InlineData("linux-6.1/fs/f.c", "fs/f.c")]
    public void The_strip_level_is_found(string spelled, string path) =>
        PatchText.Patch(Change(spelled, 20)).On((path, PatchText.Numbers(40))).Files.Single().Path.ShouldBe(path);

    [Fact]
    public void A_file_that_is_nowhere_is_named_at_the_best_level()
    {
        var failure = PatchText.Patch(Change("fs/f.c", 20) + Change("fs/g.c", 20)).On(("fs/f.c", PatchText.Numbers(40))).Failures.Single();
        (failure.Kind, failure.Path).ShouldBe((PatchFailureKind.FileMissing, "fs/g.c"));
        failure.Message.ShouldContain("1 of 2 files are there");
    }

    [Theory]
    [InlineData("--- a/../f.c\n+++ b/../f.c\n@@ -1 +1 @@\n-1\n+2\n", PatchFailureKind.UnsafePath)]
    [InlineData("--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-1\n+2\n", PatchFailureKind.UnsafePath)]
    [InlineData("--- a/.git/config\n+++ b/.git/config\n@@ -1 +1 @@\n-1\n+2\n", PatchFailureKind.UnsafePath)]
    [InlineData("diff --git a/f.c b/f.c\nindex 1..2 120000\n--- a/f.c\n+++ b/f.c\n@@ -1 +1 @@\n-1\n+2\n", PatchFailureKind.NotAPlainFile)]
    [InlineData("diff --git a/f.bin b/f.bin\nindex 1..2 100644\nGIT binary patch\nliteral 1\nxx\n", PatchFailureKind.Binary)]
    [InlineData("diff -ru a/f.bin b/f.bin\nBinary files a/f.bin and b/f.bin differ\n", PatchFailureKind.Binary)]
    [InlineData("--- /dev/null\n+++ b/f.h\n@@ -0,0 +1 @@\n+2\n", PatchFailureKind.FileExists)]
    [InlineData("--- a/f.c\n+++ b/f.c\n@@ -1,0 +2 @@\n+2\n", PatchFailureKind.HunkMismatch)]
    public void What_must_not_be_applied_is_refused(string patch, PatchFailureKind kind) =>
        PatchText.Patch(patch).On(("f.c", "1\n"), ("f.h", "1\n")).Failures.Single().Kind.ShouldBe(kind);

    [Theory]
    [InlineData("--- a/fs/Makefile\n+++ b/fs/Makefile\n@@ -1 +1 @@\n-1\n+2\n", UnsupportedKind.Makefile, true)]
    [InlineData("--- a/fs/Kconfig\n+++ b/fs/Kconfig\n@@ -1 +1 @@\n-1\n+2\n", UnsupportedKind.Kconfig, true)]
    [InlineData("--- a/fs/x.S\n+++ b/fs/x.S\n@@ -1 +1 @@\n-1\n+2\n", UnsupportedKind.Assembly, true)]
    [InlineData("--- a/Documentation/x.rst\n+++ b/Documentation/x.rst\n@@ -1 +1 @@\n-1\n+2\n", UnsupportedKind.NotCode, false)]
    [InlineData("diff --git a/new.c b/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/new.c\n@@ -0,0 +1 @@\n+2\n", UnsupportedKind.NewSource, true)]
    [InlineData("diff --git a/f.c b/f.c\ndeleted file mode 100644\n--- a/f.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n", UnsupportedKind.Deleted, true)]
    [InlineData("diff --git a/f.c b/g.c\nsimilarity index 100%\nrename from f.c\nrename to g.c\n", UnsupportedKind.Renamed, true)]
    [InlineData("diff --git a/f.c b/f.c\nold mode 100644\nnew mode 100755\n", UnsupportedKind.Mode, false)]
    [InlineData("--- a/arch/arm64/kvm/arm.c\n+++ b/arch/arm64/kvm/arm.c\n@@ -1 +1 @@\n-1\n+2\n--- a/f.c\n+++ b/f.c\n@@ -1 +1 @@\n-1\n+2\n", UnsupportedKind.NotBuilt, false)]
    [InlineData("--- a/drivers/gpu/drm/amd/a.h\n+++ b/drivers/gpu/drm/amd/a.h\n@@ -1 +1 @@\n-1\n+2\n--- a/f.c\n+++ b/f.c\n@@ -1 +1 @@\n-1\n+2\n", UnsupportedKind.NotBuilt, false)]
    [InlineData("Only in new/fs: x.c\n--- a/f.c\n+++ b/f.c\n@@ -1 +1 @@\n-1\n+2\n", UnsupportedKind.OnlyIn, false)]
    public void What_a_live_patch_cannot_carry_is_a_fact_of_its_own(string patch, UnsupportedKind kind, bool blocks)
    {
        var applied = PatchText.Patch(patch).On(("f.c", "1\n"), ("fs/Makefile", "1\n"), ("fs/Kconfig", "1\n"), ("fs/x.S", "1\n"));
        applied.Failures.ShouldBeEmpty();
        var fact = applied.Unsupported.Single();
        (fact.Kind, fact.Blocks).ShouldBe((kind, blocks));
        fact.Advice.ShouldNotBeEmpty();
    }

    [Fact]
    public void A_new_header_is_carried()
    {
        var file = PatchText.Patch("diff --git a/x/n.h b/x/n.h\nnew file mode 100644\n--- /dev/null\n+++ b/x/n.h\n@@ -0,0 +1,2 @@\n+1\n+2\n").On().Files.Single();
        (file.IsNew, file.Path, file.Patched.Text()).ShouldBe((true, "x/n.h", "1\n2\n"));
    }

    [Fact]
    public void A_hostile_hunk_of_equal_lines_takes_no_quadratic_time()
    {
        var lines = string.Concat(Enumerable.Repeat(" a\n", 200_000));
        var patch = $"--- a/f.c\n+++ b/f.c\n@@ -1,200001 +1,200000 @@\n{lines}-b\n";
        PatchText.Patch(patch).On(("f.c", string.Concat(Enumerable.Repeat("a\n", 400_000)))).Failures.Count.ShouldBe(1);
    }
}
