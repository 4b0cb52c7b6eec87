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
    [InlineData("# 12 \"file.h\"\n")]
    [InlineData("  \n\n")]
    public void What_leaves_no_trace_in_the_object_does_not_count(string text) => Digest(text + Unit).ShouldBe(Digest(Unit));

    [Theory]
    [InlineData("int idle(int x) { return x; }\n")]
    [InlineData("static int idle(int x) { return x; }\n")]
    [InlineData("static inline __attribute__((used)) int idle(int x) { return x; }\n")]
    [InlineData("static inline int used(int x);\n")]
    [InlineData("struct s { int a; };\n")]
    [InlineData("struct __attribute__((packed)) s { int (*a)(int); };\n")]
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

    [Fact]
    public void The_order_of_live_code_counts() => Digest("int a;\nint b;\n").ShouldNotBe(Digest("int b;\nint a;\n"));
}
