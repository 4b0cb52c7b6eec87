using Shouldly;
using Suture.Diff;
using Suture.Elf;
using Xunit;

namespace Suture.FixtureTests;

/// <summary>Types as each compiler and each form of type information describes them: the same changes are found in all.</summary>
public sealed class TypeInformationTests
{
    private const string Source = """
        #line 1 "shared.h"
        struct inner { int x; };
        struct grows {
        	int id;
        #ifdef PATCHED
        	long stamp;
        #endif
        	struct inner in;
        };
        struct around { struct grows g; int tail; };
        struct bits {
        	unsigned int a : 3, b : 5;
        #ifdef PATCHED
        	unsigned int c : 1;
        #endif
        	int users[4];
        };
        struct same { int a; union { long b; char *c; }; struct { int d[3]; } e; enum { ONE, TWO } f; };
        struct calls { int (*what)(struct same *
        #ifdef PATCHED
        	, int
        #endif
        	); };
        #line 1 "types.c"
        #ifdef PATCHED
        #define NOW 1
        #else
        #define NOW 0
        #endif
        int work(struct around *around, struct bits *bits, struct same *same, struct calls *calls)
        {
        	return around->tail + bits->b + bits->users[NOW] + same->e.d[1] + same->f + (calls->what == 0);
        }
        int kept(struct same *same) { return same->a; }
        """;

    private static readonly string[] CodeModel = ["-O2", "-mcmodel=kernel", "-fno-pic", "-fno-pie", "-ffunction-sections", "-pg", "-mfentry", "-w"];

    [Theory]
    [InlineData("gcc", "-gdwarf-2", true)]
    [InlineData("gcc", "-gdwarf-3", true)]
    [InlineData("gcc", "-gdwarf-4", true)]
    [InlineData("gcc", "-gdwarf-5", true)]
    [InlineData("gcc", "-gdwarf-5 -gz=zlib", true)]
    [InlineData("gcc", "-gdwarf-4 -gz=zlib-gnu", true)]
    [InlineData("gcc", "-gbtf", false)]
    [InlineData("clang", "-gdwarf-2", true)]
    [InlineData("clang", "-gdwarf-4", true)]
    [InlineData("clang", "-gdwarf-5", true)]
    public void The_same_changes_are_found(string compiler, string option, bool tellsFiles)
    {
        var directory = Directory.CreateTempSubdirectory("suture-types").FullName;
        try
        {
            var source = Path.Combine(directory, "types.c");
            File.WriteAllText(source, Source);
            ElfObject Compile(string name, params string[] defines)
            {
                Tool.Run(Compiler.Program(compiler), [.. CodeModel, .. option.Split(' '), .. defines, "-c", source, "-o", Path.Combine(directory, name)]);
                return ElfObject.ReadFile(Path.Combine(directory, name));
            }
            var findings = Differ.Run(Compile("original.o"), Compile("patched.o", "-DPATCHED")).Findings.Where(f => f.Code.StartsWith("SUT05", StringComparison.Ordinal)).ToList();
            findings.Select(f => $"{f.Code} {f.Symbol}").Order().ShouldBe(["SUT0501 struct calls", "SUT0501 struct grows", "SUT0504 struct bits"]);
            findings.Single(f => f.Symbol == "struct grows").Message.ShouldContain("field 'stamp' added at offset 8; size 8 -> 24");
            findings.Single(f => f.Symbol == "struct bits").Message.ShouldContain("field 'c' added at offset 1 bit 0");
            findings.ShouldAllBe(f => f.File == (tellsFiles ? "shared.h" : null));
            if (tellsFiles)
            {
                findings.Single(f => f.Symbol == "struct grows").Line.ShouldBe(5);
            }
            Differ.Run(Compile("again.o"), Compile("code.o", "-Dkept=other")).Findings.ShouldNotContain(f => f.Code.StartsWith("SUT05", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
