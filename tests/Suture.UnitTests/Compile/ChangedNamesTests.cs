using Shouldly;
using Suture.Build.Compile;
using Suture.UnitTests.Patches;
using Xunit;

namespace Suture.UnitTests.Compile;

public sealed class ChangedNamesTests
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
            ChangedNames.Between(Header.Bytes(), patched.Bytes()).ShouldNotBeNull(added).ShouldBe(names.Split(' ', StringSplitOptions.RemoveEmptyEntries), ignoreOrder: true);
        }
    }

    [Theory]
    [InlineData("int a;", "enum { INNER } a;")]
    [InlineData("extern int known(int);", "#undef X\nextern int known(int);")]
    [InlineData("extern int known(int);", "#include <linux/list.h>\nextern int known(int);")]
    [InlineData("extern int known(int);", "#pragma pack(1)\nextern int known(int);")]
    [InlineData("extern int known(int);", "extern int known(int); int fresh;")]
    [InlineData("extern int known(int);", "extern int known(int); int fresh(void) { return 1; }")]
    [InlineData("extern int known(int);", "extern int known(int); static int fresh(void) asm(\"known\");")]
    [InlineData("extern int known(int);", "extern int known(int); asm(\"nop\");")]
    [InlineData("extern int known(int);", "extern int known(int); struct fresh { enum { INNER } a; };")]
    [InlineData("extern int known(int);", "extern int known(int); DECLARE_THING(fresh);")]
    [InlineData("extern int known(int);", "extern int known(int); static DEFINE_THING(fresh);")]
    [InlineData("#endif\n}", "#endif\n")]
    public void What_may_mean_something_to_others_is_not(string old, string text) =>
        ChangedNames.Between(Header.Bytes(), Header.Replace(old, text, StringComparison.Ordinal).Bytes()).ShouldBeNull();

    [Theory]
    [InlineData("return 1;", "return 2;", "one")]
    [InlineData("extern int known(int);", "", "known")]
    [InlineData("extern int known(int);", "extern long known(int);", "known")]
    [InlineData("extern int known(int);", "#if 0\nextern int known(int);\n#endif", "known")]
    [InlineData("known(a);", "known(a + 1);", "MANY")]
    [InlineData("int a;", "int a; int b;", "s")]
    [InlineData("struct s { int a;", "typedef int s_t;\nstruct s { s_t a;", "s s_t")]
    [InlineData("extern int known(int);", "struct s *known(int);", "known")]
    public void A_function_or_macro_that_changes_is_known_by_its_name(string old, string text, string names) =>
        ChangedNames.Between(Header.Bytes(), Header.Replace(old, text, StringComparison.Ordinal).Bytes()).ShouldNotBeNull().ShouldBe(names.Split(' '));

    [Theory]
    [InlineData("enum e { A, B } LAID_OUT(byte);", "enum e { A, C, B } LAID_OUT(byte);")]
    [InlineData("struct s { int a; } state;", "struct s { int b, a; } state;")]
    [InlineData("struct s { int a; } ALIGNED(4);", "struct s { int b, a; } ALIGNED(4);")]
    [InlineData("extern enum e { A, B } state;", "extern enum e { A, C, B } state;")]
    [InlineData("struct s { enum e { A, B } a; };", "struct s { enum e { A, C, B } a; };")]
    [InlineData("enum e { A, EACH(B), C };", "enum e { A, EACH(D), C };")]
    [InlineData("enum e { A, EACH(B) C };", "enum e { A, EACH(B) D };")]
    [InlineData("struct s { enum __packed e { A, B } a; };", "struct s { enum __packed e { A, C, B } a; };")]
    [InlineData("typedef DECLARE(id_t, 8);", "typedef DECLARE(id_t, 16);")]
    [InlineData("typedef struct { int a; } id_t __packed;", "typedef struct { int b; } id_t __packed;")]
    [InlineData("typedef int (*f(int))(long);", "typedef int (*f(int))(int);")]
    [InlineData("typedef enum { A, B } e_t;", "typedef enum { A, C, B } e_t;")]
    [InlineData("extern struct s *s SOME_ATTRIBUTE(1);", "extern struct s *s SOME_ATTRIBUTE(2);")]
    [InlineData("extern struct s s __somewhere(1);", "extern struct s s __somewhere(2);")]
    [InlineData("extern int flag __read_mostly;", "extern char flag __read_mostly;")]
    [InlineData("static inline int NAME(fetch)(int a) { return 1; }", "static inline int NAME(fetch)(int a) { return 2; }")]
    [InlineData("int f(void) ATTRIBUTE(1);", "long f(void) ATTRIBUTE(1);")]
    [InlineData("static inline int f(void) {\n#undef X\n return 1; }", "static inline int f(void) {\n#undef X\n return 2; }")]
    [InlineData("#ifndef a\n#define a a\nint a(void);\n#endif", "#ifndef a\n#define a a\n#endif\n#ifndef a\nint a(void);\n#endif")]
    public void What_its_names_do_not_tell_is_not(string before, string after) => ChangedNames.Between((before + "\n").Bytes(), (after + "\n").Bytes()).ShouldBeNull();

    [Theory]
    [InlineData("static inline int f(void)\n{\n#define F 1\n\treturn F;\n}", "static inline int f(void)\n{\n#define F 2\n\treturn F;\n}", "f F")]
    [InlineData("struct s *f(int);", "struct s *f(long);", "f")]
    [InlineData("extern unsigned long __f(int);", "extern unsigned long __f(long);", "__f")]
    [InlineData("extern struct s __f(int);", "extern struct s __f(long);", "__f")]
    [InlineData("extern const unsigned long bits[PER_LONG+1][TO_LONGS(NR)];", "extern const unsigned long bits[PER_LONG+2][TO_LONGS(NR)];", "bits")]
    [InlineData("extern unsigned long stack[SIZE / sizeof(unsigned long)];", "extern unsigned long stack[SIZE / sizeof(unsigned int)];", "stack")]
    [InlineData("struct s { int a; struct inner { int b; } c; } __packed;", "struct s { int a; struct inner { char b; } c; } __packed;", "s inner")]
    [InlineData("typedef struct tag { int a; } *t;", "typedef struct tag { int b; } *t;", "t tag")]
    [InlineData("enum e { A, B };", "enum e { A, C, B };", "e A B C")]
    [InlineData("enum {\n A,\n#ifdef X\n B,\n#endif\n C\n};", "enum {\n A,\n#ifdef X\n D,\n#endif\n C\n};", "A B C D")]
    [InlineData("enum e { A = F(1), B };", "enum e { A = F(2), B };", "e A B")]
    [InlineData("typedef char id_t[8];", "typedef char id_t[16];", "id_t")]
    [InlineData("struct s { struct __packed inner { int a; } b; struct_group_tagged(group, c, int d;); };", "struct s { struct __packed inner { int b; } b; struct_group_tagged(group, c, int d;); };", "s inner group")]
    [InlineData("struct s { enum e a; };", "struct s { enum e a, b; };", "s")]
    [InlineData("int f(enum e a);", "int f(enum e a, int b);", "f")]
    [InlineData("typedef int (*act_t)(struct s *s);", "typedef int (*act_t)(struct s *s, int i);", "act_t")]
    [InlineData("typedef int act_t(struct s *s);", "typedef int act_t(struct s *s, int i);", "act_t")]
    [InlineData("static inline __poll_t f(void)\n{\n\treturn 1;\n}", "static inline __poll_t f(void)\n{\n\treturn 2;\n}", "f")]
    [InlineData("static inline __u32 f(void)\n{\n\treturn 1;\n}", "static inline __u32 f(void)\n{\n\treturn 2;\n}", "f")]
    public void What_is_known_by_its_names_is(string before, string after, string names) =>
        ChangedNames.Between((before + "\n").Bytes(), (after + "\n").Bytes()).ShouldNotBeNull().ShouldBe(names.Split(' '));

    [Fact]
    public void Words_in_a_header_that_is_not_understood_mean_nothing() =>
        ChangedNames.Between("int f(\n#ifdef A\nint a);\n#endif\n /* one\n */\n".Bytes(), "int f(\n#ifdef A\n/* two */ int a);\n#endif\n".Bytes()).ShouldNotBeNull().ShouldBeEmpty();

    [Fact]
    public void What_changes_places_is_not() =>
        ChangedNames.Between("#define A 1\n#define B A\nint f(void);\n".Bytes(), "#define B A\n#define A 1\nint g(void);\n".Bytes()).ShouldBeNull();

    [Theory]
    [InlineData("return changed(x);", true)]
    [InlineData("return twice_removed(x);", true)]
    [InlineData("return VIA_MACRO(x);", true)]
    [InlineData("return PASTED(ged)(x);", true)]
    [InlineData("return GLUED(chan, ged)(x);", true)]
    [InlineData("return WITHIN(ang)(x);", true)]
    [InlineData("return WRAPPED(chan, ged)(x);", true)]
    [InlineData("return HALF(ged)(x);", true)]
    [InlineData("return THREE(cha, ng, ed)(x);", true)]
    [InlineData("return TWICE(g)(x);", true)]
    [InlineData("return also_called(x);", true)]
    [InlineData("return BOTH_ALIASES(x);", true)]
    [InlineData("EACH(WITHIN_CALL)", true)]
    [InlineData("EACH(UNHARMED)", false)]
    [InlineData("LISTED(WITHIN_CALL, ang)", true)]
    [InlineData("LISTED(WITHIN_CALL, other)", false)]
    [InlineData("return RENAMED(ged)(x);", true)]
    [InlineData("return OF(\"a,b(\", chan, ged)(x);", true)]
    [InlineData("return GLUED(chan /* (, */, ged)(x);", true)]
    [InlineData("return VARIADIC(x, ged)(x);", true)]
    [InlineData("return glues(x);", true)]
    [InlineData("return sizeof(struct sized);", true)]
    [InlineData("return conditional(x);", true)]
    [InlineData("return array[x];", true)]
    [InlineData("return 1; /* changed */", false)]
    [InlineData("return unchanged(x);", false)]
    [InlineData("return other(x);", false)]
    public void Units_are_looked_at_that_can_mean_what_changes(string body, bool isLookedAt)
    {
        const string header = "static inline int changed(int x)\n{\n\treturn x + 1;\n}\n"
            + "static inline int unchanged(int x)\n{\n\treturn x;\n}\n#define COUNT(x) changed(x)\n";
        // Does not include the header, and relies on who does.
        const string relying = "static inline int once_removed(int x)\n{\n\treturn changed(x);\n}\n";
        const string more = "#include <relying.h>\nstatic inline int twice_removed(int x)\n{\n\treturn once_removed(x);\n}\n"
            + "#define VIA_MACRO(x) twice_removed(x)\n#define PASTED(x) chan##x\n#define GLUED(a, b) a ## b\n#define WITHIN(x) ch##x##ed\n"
            + "#define WRAPPED(a, b) GLUED(a, b)\n#define HALF(x) WRAPPED(chan, x)\n#define THREE(a, b, c) a##b##c\n#define TWICE(x) PASTED(x##ed)\n"
            + "#define also_called changed\nstatic inline int glues(int x)\n{\n\treturn GLUED(chan, ged)(x);\n}\n"
            + "#define FIRST chan\n#define LAST ged\n#define BOTH_ALIASES WRAPPED(FIRST, LAST)\n#define WITHIN_CALL(x) ch##x##ed(1);\n#define UNHARMED(x) un##x##ed(1);\n"
            + "#define OF(s, a, b) GLUED(a, b)\n#define EACH(fn) fn(harm) fn(ang)\n#define LIST(fn, a) fn(a)\n#define LISTED(fn, a) LIST(fn, a)\n#define RENAMED PASTED\n#define VARIADIC(x, ...) GLUED(chan, __VA_ARGS__)\n"
            + "static inline int other(int x)\n{\n\treturn x;\n}\n";
        const string sized = "struct sized { char a[COUNT(3)]; };\n";
        const string conditions = "#if COUNT(2)\nint conditional(int);\n#endif\n";
        const string arrays = "static int array[] = { COUNT(1) };\n";
        const int includers = 60;
        var include = body.Contains("sized", StringComparison.Ordinal) ? "sized" : body.Contains("conditional", StringComparison.Ordinal) ? "conditions"
            : body.Contains("array", StringComparison.Ordinal) ? "arrays" : "more";
        using var tree = new TinyTree(
        [
            ("include/h.h", header), ("include/relying.h", relying), ("include/more.h", more), ("include/sized.h", sized), ("include/conditions.h", conditions), ("include/arrays.h", arrays),
            ("user.c", $"#include <h.h>\n#include <{include}.h>\nint user(int x) {{ {body} }}\n"),
            .. Enumerable.Range(0, includers).Select(i => ($"u{i}.c", $"#include <h.h>\nint u{i}(int x) {{ return unchanged(x); }}\n")),
        ]);
        var planned = CompilePlanner.Plan(tree.Site, tree.Edit(("include/h.h", "x + 1", "x + 2")), TestContext.Current.CancellationToken).Units.Select(u => u.Unit.Source);
        planned.ShouldBe(isLookedAt ? ["user.c"] : []);
    }

    [Theory]
    [InlineData("struct changed one;", true)]
    [InlineData("struct holding *one;", true)]
    [InlineData("struct within one;", true)]
    [InlineData("changed_t *one;", true)]
    [InlineData("int one = give()->a;", true)]
    [InlineData("int one = global.a;", true)]
    [InlineData("int one = GIVEN(2);", true)]
    [InlineData("int one = FIRST;", true)]
    [InlineData("struct other one;", false)]
    [InlineData("struct declared *one;", false)]
    [InlineData("call_t *one;", true)]
    [InlineData("pointer_t one;", true)]
    public void Units_are_looked_at_that_can_mean_a_type_that_changes(string body, bool isLookedAt)
    {
        const string header = "struct changed { int a; };\n#include <more.h>\n";
        const string more = "struct holding { struct within { struct changed c; } w; };\ntypedef struct changed changed_t;\nstruct changed *give(void);\nextern struct changed global;\n#include <linux/changed.h>\n"
            + "typedef int call_t(struct changed *c);\ntypedef int (*pointer_t)(struct changed *c);\n"
            + "enum { FIRST = sizeof(struct changed), SECOND };\n#define GIVEN(x) (give()->a + x)\nstruct other { int a; };\n";
        const string forward = "struct changed;\nstruct declared { int a; };\n";
        const int includers = 60;
        using var tree = new TinyTree(
        [
            ("include/h.h", header), ("include/more.h", more), ("include/forward.h", forward),
            ("user.c", $"#include <h.h>\n#include <forward.h>\nint user(void) {{ {body} return 0; }}\n"),
            .. Enumerable.Range(0, includers).Select(i => ($"u{i}.c", $"#include <h.h>\n#include <forward.h>\nint u{i}(struct other *x) {{ return x->a; }}\n")),
        ]);
        var planned = CompilePlanner.Plan(tree.Site, tree.Edit(("include/h.h", "int a;", "int b, a;")), TestContext.Current.CancellationToken).Units.Select(u => u.Unit.Source);
        planned.ShouldBe(isLookedAt ? ["user.c"] : []);
    }

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
        Units("taken").ShouldBe(2);
    }
}
