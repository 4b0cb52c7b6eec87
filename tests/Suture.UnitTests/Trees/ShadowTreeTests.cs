using Shouldly;
using Suture.Build.Trees;
using Suture.UnitTests.Compile;
using Suture.UnitTests.Patches;
using Xunit;

namespace Suture.UnitTests.Trees;

public class ShadowTreeTests
{
    private static ShadowTree Shadow(TinyTree tree, params string[] directories) =>
        ShadowTree.Create(tree.Tree, tree.Tree + "-shadow", new Dictionary<string, byte[]> { ["fs/a.h"] = "patched".Bytes(), ["new/n.h"] = "new".Bytes() }, directories);

    private static TinyTree Tree() => new(("fs/a.h", "a"), ("fs/b.h", "b"), ("fs/sub/c.c", "c"), ("net/d.c", "d"));

    [Fact]
    public void Changed_files_are_real_and_all_else_is_linked()
    {
        using var tree = Tree();
        var shadow = Shadow(tree);
        File.ReadAllText(Path.Combine(shadow.Root, "fs/a.h")).ShouldBe("patched");
        File.ReadAllText(Path.Combine(shadow.Root, "fs/b.h")).ShouldBe("b");
        File.ReadAllText(Path.Combine(shadow.Root, "new/n.h")).ShouldBe("new");
        new FileInfo(Path.Combine(shadow.Root, "net")).LinkTarget.ShouldBe(Path.Combine(tree.Tree, "net"));
        File.ReadAllText(Path.Combine(tree.Tree, "fs/a.h")).ShouldBe("a");
    }

    [Fact]
    public void Writing_again_never_reaches_the_prepared_tree()
    {
        using var tree = Tree();
        Shadow(tree).Write("fs/b.h", "other".Bytes());
        File.ReadAllText(Path.Combine(tree.Tree, "fs/b.h")).ShouldBe("b");
    }

    [Fact]
    public void An_escape_names_the_directory_to_make_real()
    {
        using var tree = Tree();
        var shadow = Shadow(tree);
        shadow.EscapeOf("fs/a.h").ShouldBeNull();
        shadow.EscapeOf("./fs/../fs/a.h").ShouldBeNull();
        shadow.EscapeOf("net/../fs/b.h").ShouldBeNull();
        shadow.EscapeOf("fs/sub/../a.h").ShouldBe("fs/sub");
        shadow.Materialise("fs/sub");
        shadow.EscapeOf("fs/sub/../a.h").ShouldBeNull();
        File.ReadAllText(Path.Combine(shadow.Root, "fs/sub/c.c")).ShouldBe("c");
    }

    [Fact]
    public void Directories_of_units_are_real_from_the_start()
    {
        using var tree = Tree();
        Shadow(tree, "fs/sub").EscapeOf("fs/sub/../a.h").ShouldBeNull();
    }

    [Fact]
    public void A_pool_gives_a_shadow_again_without_what_was_changed_in_it()
    {
        using var tree = Tree();
        string root;
        using (var pool = new ShadowPool(tree.Tree))
        {
            var first = pool.Take(new Dictionary<string, byte[]> { ["fs/a.h"] = "patched".Bytes(), ["fs/n.h"] = "new".Bytes() }, ["fs/sub"]);
            var other = pool.Take(new Dictionary<string, byte[]>(), []);
            other.Root.ShouldNotBe(first.Root);
            root = first.Root;
            pool.Return(first);

            var second = pool.Take(new Dictionary<string, byte[]> { ["net/d.c"] = "other".Bytes() }, []);
            second.Root.ShouldBe(root);
            File.ReadAllText(Path.Combine(root, "fs/a.h")).ShouldBe("a");
            File.Exists(Path.Combine(root, "fs/n.h")).ShouldBeFalse();
            File.ReadAllText(Path.Combine(root, "net/d.c")).ShouldBe("other");
            second.EscapeOf("fs/sub/../a.h").ShouldBeNull();
            second.Files.Keys.ShouldBe(["net/d.c"]);
        }
        File.ReadAllText(Path.Combine(tree.Tree, "net/d.c")).ShouldBe("d");
        Directory.Exists(root).ShouldBeFalse();
    }
}
