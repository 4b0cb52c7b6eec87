using Shouldly;
using Suture.Build.Compile;
using Xunit;

namespace Suture.UnitTests.Compile;

public class LikelyBreaksTests
{
    private static TinyTree Tree() => new(
        ("include/h.h", "/* of nothing */\nstruct s { int a; int b; };\nint old(struct s *x);\nint kept(int x);\n"),
        ("fs/first.c", "#include <h.h>\nint first(void) { return kept(1); }\n"),
        ("fs/second.c", "#include <h.h>\nint second(struct s *x) { return old(x); }\n"),
        ("fs/third.c", "#include <h.h>\nint third(void) { return 3; } /* nothing */\n"),
        ("fs/fourth.c", "#include <h.h>\nint fourth(struct s *x) { return kept(old(x)); }\n"));

    private static string[] Among(TinyTree tree, string old, string @new, params string[] changing) =>
        [.. LikelyBreaks.Among(CompilePlanner.Plan(tree.Site, tree.Edit(("include/h.h", old, @new))), changing.ToHashSet()).Select(u => Path.GetFileNameWithoutExtension(u.Unit.Source))];

    [Fact]
    public void Who_mentions_what_is_gone_comes_first_and_what_may_be_mended_before_all()
    {
        using var tree = Tree();
        Among(tree, "int old(struct s *x);\n", "").ShouldBe(["second", "fourth"], ignoreOrder: true);
        Among(tree, "int old(struct s *x);\n", "", "fs/second.c").ShouldBe(["second", "fourth"]);
        Among(tree, "int old(struct s *x);\n", "", "fs/fourth.c").ShouldBe(["fourth", "second"]);
        Among(tree, "int kept(int x);\n", "int kept(int x, int y);\n").ShouldBe(["first", "fourth"], ignoreOrder: true);
        Among(tree, "int kept(int x);\n", "int kept(int x, int y);\n", "fs/fourth.c", "fs/third.c").ShouldBe(["fourth", "first"]);
    }

    [Fact]
    public void Comments_and_what_is_new_say_nothing()
    {
        using var tree = Tree();
        Among(tree, "/* of nothing */\n", "").ShouldBeEmpty();
        Among(tree, "int kept(int x);\n", "int kept(int x);\nint fresh(void);\n").ShouldBeEmpty();
    }
}
