using System.Collections.Concurrent;
using Suture.Diff;
using Suture.Elf;

namespace Suture.FixtureTests;

/// <summary>A fixture compiled twice by the real compiler, both objects read, and the engine's answer.</summary>
internal sealed record FixtureRun(Fixture Fixture, ElfObject Original, ElfObject Patched, string PatchedPath, DiffResult Result)
{
    private static readonly ConcurrentDictionary<string, Lazy<FixtureRun>> Known = new(StringComparer.Ordinal);
    private static readonly string Scratch = MakeScratch();

    /// <summary>The flags that Debian's kernels give to every file, as far as they change code.</summary>
    private static readonly string[] KernelFlags =
    [
        "-O2", "-std=gnu11", "-w", "-fno-strict-aliasing", "-fno-common", "-fshort-wchar", "-funsigned-char", "-fno-pie", "-fno-pic",
        "-mcmodel=kernel", "-mno-red-zone", "-mno-sse", "-mno-mmx", "-mno-sse2", "-mno-80387", "-mpreferred-stack-boundary=3",
        "-mtune=generic", "-mskip-rax-setup", "-falign-jumps=1", "-falign-loops=1", "-falign-functions=16",
        "-fno-asynchronous-unwind-tables", "-fno-delete-null-pointer-checks", "-fno-allow-store-data-races", "-fno-strict-overflow",
        "-fno-jump-tables", "-fno-stack-check", "-fconserve-stack", "-fstack-protector-strong",
        "-mstack-protector-guard-reg=gs", "-mstack-protector-guard-symbol=__stack_chk_guard",
        "-mindirect-branch=thunk-extern", "-mindirect-branch-register", "-mindirect-branch-cs-prefix", "-mfunction-return=thunk-extern",
        "-pg", "-mrecord-mcount", "-mfentry", "-ffunction-sections", "-fdata-sections",
    ];

    private static readonly string[] ControlFlow61 = ["-fcf-protection=none"];
    private static readonly string[] ControlFlow612 = ["-fcf-protection=branch", "-fpatchable-function-entry=16,16"];

    /// <summary>Compiles and compares the fixture, once however many tests ask.</summary>
    public static FixtureRun Of(Fixture fixture) => Known.GetOrAdd(fixture.Name, _ => new Lazy<FixtureRun>(() => Make(fixture))).Value;

    /// <summary>A path for a file of this run.</summary>
    public string File(string suffix) => Path.Combine(Scratch, Fixture.Name + suffix);

    private static FixtureRun Make(Fixture fixture)
    {
        var original = Path.Combine(Scratch, fixture.Name + ".original.o");
        var patched = Path.Combine(Scratch, fixture.Name + ".patched.o");
        Compile(fixture, original, []);
        Compile(fixture, patched, ["-DPATCHED"]);
        var (before, after) = (ElfObject.ReadFile(original), ElfObject.ReadFile(patched));
        return new FixtureRun(fixture, before, after, patched, Differ.Run(before, after));
    }

    private static void Compile(Fixture fixture, string output, string[] defines) => Tool.Run("gcc-12",
        [.. KernelFlags, .. fixture.Kernel == "6.12" ? ControlFlow612 : ControlFlow61, .. fixture.Flags, .. defines,
            "-I", Fixture.Directory, "-c", fixture.Path, "-o", output]);

    private static string MakeScratch()
    {
        var directory = Directory.CreateTempSubdirectory("suture-fixtures").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(directory, recursive: true);
        return directory;
    }
}
