using Shouldly;
using Suture.Build.Compile;
using Suture.UnitTests.Patches;
using Xunit;

namespace Suture.UnitTests.Compile;

public sealed class NewNamesTests
{
    private const string Header = """
        #ifndef _X_H
        #define _X_H
        #include <linux/types.h>
        struct s { int a; int (*call)(int); };
        extern int known(int);
        static inline int one(int x)
        {
        #ifdef CONFIG_ONE
        	return x;
        #else
        	return 1; /* { */
        #endif
        }
        #define MANY(a) \
        	do { known(a); } while (0)
        #endif
        """;

    [Theory]
    [InlineData("int fresh(struct s *s, int (*f)(void));", "fresh")]
    [InlineData("extern struct s fresh[4];", "fresh")]
    [InlineData("static inline struct s *fresh(void)\n{\n\treturn 0; // }\n}", "fresh")]
    [InlineData("static __always_inline int __printf(1, 2) fresh(char *c, ...) { return '{'; }", "fresh")]
    [InlineData("#define FRESH(a, b) \\\n\t((a) + (b))", "FRESH")]
    [InlineData("#ifdef CONFIG_TWO\nint fresh(void);\n#else\nstatic inline int fresh(void) { return 0; }\n#endif", "fresh")]
    [InlineData("struct fresh { int a; };", "fresh")]
    [InlineData("enum fresh { FRESH_A, FRESH_B = 3, };", "fresh FRESH_A FRESH_B")]
    [InlineData("typedef unsigned long fresh_t;", "fresh_t")]
    [InlineData("struct known_elsewhere;", "")]
    [InlineData("/* words */", "")]
    public void What_is_added_is_known_by_its_names(string added, string names)
    {
        foreach (var place in (string[])["struct s {", "static inline int one", "#endif\n}"])
        {
            var patched = place == "#endif\n}" ? Header.Replace(place, place + "\n" + added, StringComparison.Ordinal) : Header.Replace(place, added + "\n" + place, StringComparison.Ordinal);
            NewNames.Added(Header.Bytes(), patched.Bytes()).ShouldNotBeNull(added).ShouldBe(names.Split(' ', StringSplitOptions.RemoveEmptyEntries), ignoreOrder: true);
        }
    }

    [Theory]
    [InlineData("int a;", "int a; int b;")]
    [InlineData("return 1;", "return 2;")]
    [InlineData("extern int known(int);", "")]
    [InlineData("extern int known(int);", "#undef X\nextern int known(int);")]
    [InlineData("extern int known(int);", "#include <linux/list.h>\nextern int known(int);")]
    [InlineData("extern int known(int);", "#pragma pack(1)\nextern int known(int);")]
    [InlineData("extern int known(int);", "extern int known(int); int fresh;")]
    [InlineData("extern int known(int);", "extern int known(int); int fresh(void) { return 1; }")]
    [InlineData("extern int known(int);", "extern int known(int); static int fresh(void) asm(\"known\");")]
    [InlineData("extern int known(int);", "extern int known(int); asm(\"nop\");")]
    [InlineData("extern int known(int);", "#if 0\nextern int known(int);\n#endif")]
    [InlineData("extern int known(int);", "extern int known(int); struct fresh { enum { INNER } a; };")]
    [InlineData("known(a);", "known(a + 1);")]
    [InlineData("#endif\n}", "#endif\n")]
    public void What_may_mean_something_to_others_is_not(string old, string text) =>
        NewNames.Added(Header.Bytes(), Header.Replace(old, text, StringComparison.Ordinal).Bytes()).ShouldBeNull();

    [Fact]
    public void Units_that_include_a_header_are_left_alone_when_none_mentions_what_is_new()
    {
        const int includers = 60;
        using var tree = new TinyTree(
        [
            ("include/h.h", "int known(int);\n"), ("a.c", "#include <h.h>\nint a(int x) { return known(x); }\n"),
            .. Enumerable.Range(0, includers).Select(i => ($"u{i}.c", $"#include <h.h>\nint u{i}(int x) {{ return known(x);{(i == 7 ? " int taken; /* spoken_of */" : "")} }}\n")),
        ]);
        int Units(string name) => CompilePlanner.Plan(tree.Site, tree.Edit(
            ("include/h.h", "int known(int);\n", $"int known(int);\nint {name}(int);\n"), ("a.c", "known(x)", $"{name}(x)")), TestContext.Current.CancellationToken).Units.Count;

        Units("fresh").ShouldBe(1);
        Units("spoken_of").ShouldBe(1);
        Units("taken").ShouldBe(includers + 1);
    }
}
