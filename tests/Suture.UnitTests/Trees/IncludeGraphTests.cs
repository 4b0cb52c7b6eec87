using Shouldly;
using Suture.Build.Trees;
using Suture.UnitTests.Compile;
using Xunit;

namespace Suture.UnitTests.Trees;

public class IncludeGraphTests
{
    private static TinyTree Tree() => new(
        ("include/linux/low.h", ""),
        ("include/linux/mid.h", " #  include <linux/low.h>\n"),
        ("include/trace/define_trace.h", "#include TRACE_INCLUDE(TRACE_INCLUDE_FILE)\n"),
        ("fs/trace.h", "#define TRACE_INCLUDE_FILE events\n#include <trace/define_trace.h>\n"),
        ("fs/events.h", ""),
        ("fs/local.h", ""),
        ("fs/by_macro.h", ""),
        ("fs/part.c", "#include \"local.h\"\n"),
        ("fs/a.c", "#include <linux/mid.h>\n#include \"part.c\"\n"),
        ("fs/b.c", "#define NAME \"by_macro.h\"\n#include NAME\n#include \"trace.h\"\n"),
        ("net/c.c", "#include \"../fs/local.h\"\n#if 0\n#include <linux/low.h>\n#endif\n"));

    private static string[] Includers(IncludeGraph graph, string path) =>
        [.. graph.IncludersOf([path]).Where(p => p.EndsWith(".c", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    [Fact]
    public void Includers_are_found_through_headers_sources_macros_and_traces()
    {
        using var tree = Tree();
        var graph = IncludeGraph.Of(tree.Site, TestContext.Current.CancellationToken);
        Includers(graph, "include/linux/low.h").ShouldBe(["fs/a.c", "net/c.c"]);
        Includers(graph, "fs/local.h").ShouldBe(["fs/a.c", "fs/part.c", "net/c.c"]);
        Includers(graph, "fs/part.c").ShouldBe(["fs/a.c", "fs/part.c"]);
        Includers(graph, "fs/by_macro.h").ShouldBe(["fs/b.c"]);
        Includers(graph, "fs/events.h").ShouldBe(["fs/b.c"]);
        graph.Contains("fs/none.h").ShouldBeFalse();
    }

    [Fact]
    public void The_stored_graph_says_the_same_and_a_damaged_one_is_made_again()
    {
        using var tree = Tree();
        var first = IncludeGraph.Of(tree.Site, TestContext.Current.CancellationToken);
        var file = Path.Combine(tree.Site.WorkDirectory, "include-graph");
        var bytes = File.ReadAllBytes(file);
        Includers(IncludeGraph.Of(tree.Site, TestContext.Current.CancellationToken), "fs/local.h").ShouldBe(Includers(first, "fs/local.h"));
        for (var length = 0; length < bytes.Length; length += 7)
        {
            File.WriteAllBytes(file, bytes[..length]);
            Includers(IncludeGraph.Of(tree.Site, TestContext.Current.CancellationToken), "fs/local.h").ShouldBe(Includers(first, "fs/local.h"));
        }
    }
}
