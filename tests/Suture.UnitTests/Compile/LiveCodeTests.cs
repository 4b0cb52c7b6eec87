using Shouldly;
using Suture.Build.Compile;
using Suture.UnitTests.Patches;
using Xunit;

namespace Suture.UnitTests.Compile;

public class LiveCodeTests
{
    private const string Unit = "static inline int used(int x) { return x; }\nint f(void) { return used(1); }\n";

    private static ulong Digest(string text) => LiveCode.Digest(text.Bytes());

    [Theory]
    [InlineData("static inline int idle(int x) { return x; }\n")]
    [InlineData("static inline __attribute__((__gnu_inline__)) __attribute__((__unused__)) struct s *idle(int x) { return 0; }\n")]
    [InlineData("extern inline __attribute__((__gnu_inline__)) int idle(int x) { return used(x); }\n")]
    [InlineData("static inline int idle(void); static inline int idle2(void) { return idle(); }\n")]
    [InlineData("extern int idle(struct s *x) __attribute__((noreturn));\n")]
    [InlineData(";\n")]
    [InlineData("struct s { int a; };\n")]
    [InlineData("struct idle;\n")]
    [InlineData("struct __attribute__((packed)) s { int (*a)(int); };\n")]
    [InlineData("struct s { union { struct t { int a; } b; enum { A, B } c; }; } __attribute__((aligned(8)));\n")]
    [InlineData("union s { int a; };\n")]
    [InlineData("enum { A, B = 4, C = sizeof(int) };\n")]
    [InlineData("enum e { A __attribute__((deprecated)), B };\n")]
    [InlineData("enum { A = 0x80000000, B } __attribute__((mode(DI)));\n")]
    [InlineData("typedef struct s { int a; } idle;\n")]
    [InlineData("__extension__ typedef unsigned long long idle;\n")]
    [InlineData("typedef int idle[4] __attribute__((aligned(8)));\n")]
    [InlineData("extern int idle;\n")]
    [InlineData("extern const struct s idle[];\n")]
    [InlineData("# 12 \"file.h\"\n")]
    [InlineData("  \n\n")]
    public void What_leaves_no_trace_in_the_object_does_not_count(string text) => Digest(text + Unit).ShouldBe(Digest(Unit));

    [Theory]
    [InlineData("int idle(int x) { return x; }\n")]
    [InlineData("static int idle(int x) { return x; }\n")]
    [InlineData("static inline __attribute__((used)) int idle(int x) { return x; }\n")]
    [InlineData("static inline int used(int x);\n")]
    [InlineData("struct used { int a; };\n")]
    [InlineData("struct used;\n")]
    [InlineData("struct __attribute__((packed)) s { struct __attribute__((packed)) used { int a; } b; };\n")]
    [InlineData("struct s { enum { A, used } a; };\n")]
    [InlineData("typedef enum { A, used } idle;\n")]
    [InlineData("typedef int used;\n")]
    [InlineData("enum { A, used };\n")]
    [InlineData("enum used { A };\n")]
    [InlineData("extern int used[];\n")]
    [InlineData("struct s { int a; } idle;\n")]
    [InlineData("static struct s { int a; };\n")]
    [InlineData("extern int idle = 1;\n")]
    [InlineData("extern int idle __attribute__((alias(\"used\")));\n")]
    [InlineData("extern int idle asm(\"used\");\n")]
    [InlineData("extern int idle, used;\n")]
    [InlineData("extern idle_t (*idle);\n")]
    [InlineData("extern unsigned long (idle);\n")]
    [InlineData("struct idle (s);\n")]
    [InlineData("struct s { int a; } (idle);\n")]
    [InlineData("struct used { int a; } idle(void);\n")]
    [InlineData("enum used { A } idle(void);\n")]
    [InlineData("int idle(a) int a; { return a; } typedef int idle_t;\n")]
    [InlineData("int idle;\n")]
    [InlineData("struct s idle;\n")]
    [InlineData("enum e { A } idle;\n")]
    [InlineData("static int idle;\n")]
    [InlineData("int (*idle)(int);\n")]
    [InlineData("int idle(void), idle2;\n")]
    [InlineData("typedef int idle(void);\n")]
    [InlineData("#pragma pack(1)\n")]
    [InlineData("asm(\"idle\");\n")]
    [InlineData("_Static_assert(1, \"\");\n")]
    [InlineData("static inline int idle(int x) { return x; }\nasm(\"call idle\");\n")]
    [InlineData("static inline int idle(int x) { return x; }\nstatic int (*idle2)(int) = idle;\n")]
    [InlineData("static inline int idle(int x) { return x; }\nstatic inline int mid(int x) { return idle(x); }\nint g(void) { return mid(2); }\n")]
    [InlineData("static inline int idle(int x) { return x;\n")]
    public void What_may_leave_one_counts(string text) => Digest(text + Unit).ShouldNotBe(Digest(Unit));

    [Theory]
    [InlineData("return x;", "return x ;", true)]
    [InlineData("return x;", "return  x\n;", true)]
    [InlineData("return x;", "return - -x;", false)]
    [InlineData("return x;", "return x + 1;", false)]
    public void Tokens_count_and_white_space_does_not(string old, string @new, bool same) =>
        (Digest(Unit.Replace(old, @new)) == Digest(Unit)).ShouldBe(same);

    /// <summary>A constant is a declaration of its own: what is behind it, or only changes who stands beside it, is another's.</summary>
    [Theory]
    [InlineData("enum { A, B };", "enum { A, B, C };", true)]
    [InlineData("enum { A, B };", "enum { A, B, C = 7 };", true)]
    [InlineData("enum { A, B };", "enum { A, B, };", true)]
    [InlineData("enum { X, A, B };", "enum { X = 0, A, B };", false)]
    [InlineData("enum { A, B };", "enum { C, A, B };", false)]
    [InlineData("enum { A, B };", "enum { A = 1, B };", false)]
    [InlineData("enum { A, B };", "enum { A, B, C = 0x100000000 };", false)]
    [InlineData("enum { A, B };", "enum { A, B, C = -1 };", false)]
    [InlineData("enum { A, B, L, MAX = L - 1 };", "enum { A, B, C, L, MAX = L - 1 };", false)]
    [InlineData("enum { A, B };", "enum { A, B } __attribute__((mode(DI)));", false)]
    [InlineData("enum { B = 0xfffffffe, C };", "enum { B = 0xfffffffe, C, D };", false)]
    [InlineData("enum { B = 0x00000001, C };", "enum { B = 0x00000001, C, D = 0x00000004 };", true)]
    [InlineData("enum { A, B = (1 << 2) };", "enum { A, B = (1 << 2), C = 8 };", true)]
    [InlineData("enum e { A, B };", "enum e { A, B, C };", true)]
    [InlineData("enum e { A, B }; enum e x;", "enum e { A, B, C }; enum e x;", false)]
    public void A_constant_of_an_enum_counts_by_itself(string old, string @new, bool same) =>
        (Digest(old + "int x = B;\n") == Digest(@new + "int x = B;\n")).ShouldBe(same);

    [Fact]
    public void The_order_of_live_code_counts() => Digest("int a;\nint b;\n").ShouldNotBe(Digest("int b;\nint a;\n"));
}
