using Shouldly;
using Suture.Build.Patches;
using Suture.UnitTests.Compile;
using Xunit;

namespace Suture.UnitTests.Patches;

public class TypeRelevanceTests
{
    private const string Source = """
        #include <a.h>

        struct s {
        	int a;
        };

        struct gnu
        {
        	int b;
        };

        #define TWO(x) \
        	twice(x)

        static int first(struct s *s)
        {
        	int y = s->a;
        	if (y) {
        		y++;
        	}
        out:
        	return y;
        }

        static int table[] = {
        	7,
        };

        int second(void)
        {
        	return 2;
        }

        """;

    private static bool MayChange(string old, string @new)
    {
        using var tree = new TinyTree(("x.c", Source));
        return TypeRelevance.MayChangeTypes(tree.Edit(("x.c", old, @new)).Apply(_ => Source.Bytes()).Files.ShouldHaveSingleItem());
    }

    [Theory]
    [InlineData("y++;", "y--;")]
    [InlineData("\tint y = s->a;\n", "\tint y = s->a, z = 3;\n\tstruct { int l; } local;\n")]
    [InlineData("out:\n", "out:\nagain:\n")]
    [InlineData("\treturn 2;\n", "\treturn 3;\n")]
    [InlineData("\t\ty++;\n", "")]
    public void A_change_within_a_body_does_not(string old, string @new) => MayChange(old, @new).ShouldBeFalse();

    [Theory]
    [InlineData("int a;", "long a;")]
    [InlineData("int b;", "int b, c;")]
    [InlineData("<a.h>", "<b.h>")]
    [InlineData("\ttwice(x)", "\tthrice(x)")]
    [InlineData("first(struct s *s)", "first(struct s *s, int more)")]
    [InlineData("\t7,", "\t8,")]
    [InlineData("\tint y = s->a;\n", "#define a b\n\tint y = s->a;\n")]
    [InlineData("\treturn 2;\n}\n", "\treturn 2;\n}\n\nint third(void)\n{\n\treturn 3;\n}\n")]
    [InlineData("static int table", "struct more {\n\tint m;\n};\nstatic int table")]
    public void Anything_else_may(string old, string @new) => MayChange(old, @new).ShouldBeTrue();
}
