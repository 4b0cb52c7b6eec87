using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Suture.Build.Patches;
using Suture.UnitTests.Compile;
using Xunit;

namespace Suture.UnitTests.Patches;

public sealed class LineDirectiveTests : IDisposable
{
    private const string Source = """
        int v1 = __LINE__;
        /* a comment that
         * opens ( and "quotes
         */
        int v2 = __LINE__;
        #define LONG(a, b) \
        	a + \
        	b
        int v3 = __LINE__;
        int v4 = LONG(
        	1,
        	2);
        int v5 = __LINE__;
        #if 0
        it's prose (with a parenthesis
        #endif
        int v6 = __LINE__;
        #ifdef YES
        int v7 = __LINE__;
        #else
        int v8 = __LINE__;
        #ifdef NO
        int v9 = __LINE__;
        #elif 1
        int v10 = __LINE__;
        #endif
        int v11 = __LINE__;
        #endif
        int v12 = __LINE__; // it's (
        char *s = "(\" /* \
         more(";
        char c = '(', d = '\'';
        int v13 = __LINE__;
        int f(int x)
        {
        	if (LONG(x,
        #ifdef YES
        		3) ||
        #else
        		4) ||
        #endif
        	    x)
        		return __LINE__;
        	return 0;
        }
        int v14 = __LINE__;

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("suture-line").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("-DYES")]
    [InlineData("-DNO")]
    public void Lines_that_a_patch_leaves_alone_keep_their_numbers_and_tokens(string define) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(12), Prop.ForAll<int>(seed =>
        {
            var file = Edit(new Random(seed));
            var injected = LineDirectives.Inject(file);
            var (before, after) = (Numbers(file.Original, define), Numbers(injected, define));
            foreach (var (name, line) in before.Where(b => after.ContainsKey(b.Key)))
            {
                after[name].ShouldBe(line, $"{name} in\n{injected.Text()}");
            }
            Tokens(Unnumbered(injected), define).ShouldBe(Tokens(Unnumbered(file.Patched), define));
        }));

    [Fact]
    public void One_directive_stands_behind_a_change_and_none_where_lines_do_not_shift()
    {
        Inject("@@ -1,3 +1,4 @@\n 1\n+x\n 2\n 3\n").ShouldBe("1\nx\n#line 2\n2\n3\n4\n");
        Inject("@@ -1,3 +1,3 @@\n 1\n-2\n+x\n 3\n").ShouldBe("1\nx\n3\n4\n");
        Inject("@@ -1,4 +1,3 @@\n 1\n-2\n 3\n 4\n").ShouldBe("1\n#line 3\n3\n4\n");

        static string Inject(string hunk) =>
            LineDirectives.Inject(PatchText.Patch("--- a/f.c\n+++ b/f.c\n" + hunk).On(("f.c", PatchText.Numbers(4))).Files.Single()).Text();
    }

    /// <summary>Inserts harmless lines at random places and removes or replaces random variables.</summary>
    private PatchedFile Edit(Random random)
    {
        var lines = Source.Split('\n');
        var edited = new StringBuilder();
        for (var i = 0; i < lines.Length - 1; i++)
        {
            // A line put into a continued string leaves text that is no C.
            var isEdited = random.Next(8) == 0 && !lines[i].StartsWith(" more", StringComparison.Ordinal);
            edited.Append(string.Concat(Enumerable.Range(0, isEdited ? random.Next(3) : 0).Select(n => $"int new_{i}_{n};\n")));
            var isRemoved = isEdited && lines[i].StartsWith("int v", StringComparison.Ordinal) && lines[i].EndsWith("__LINE__;", StringComparison.Ordinal) && random.Next(2) == 0;
            edited.Append(isRemoved ? "" : lines[i] + "\n");
        }
        if (edited.ToString() == Source)
        {
            edited.Insert(0, "int first;\n");
        }
        File.WriteAllText(Path.Combine(_directory, "before"), Source);
        File.WriteAllText(Path.Combine(_directory, "after"), edited.ToString());
        var patch = TinyTree.Run("diff", ["-U1", "--label", "a/f.c", "--label", "b/f.c", "before", "after"], _directory);
        return PatchText.Patch(patch).On(("f.c", Source)).Files.Single();
    }

    private static byte[] Unnumbered(byte[] text) => text.Text().Replace("__LINE__", "0").Bytes();

    private Dictionary<string, string> Numbers(byte[] text, string define) =>
        Regex.Matches(Preprocess(text, define), @"int (v\d+) = (\d+);").ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);

    private string Tokens(byte[] text, string define) => Regex.Replace(Preprocess(text, define), @"\s+", " ");

    private string Preprocess(byte[] text, string define)
    {
        File.WriteAllBytes(Path.Combine(_directory, "f.c"), text);
        return TinyTree.Run("gcc", [.. define.Length > 0 ? new[] { define } : [], "-w", "-E", "-P", "f.c"], _directory);
    }
}
