using System.Globalization;

namespace Suture.FixtureTests;

/// <summary>Compiles fixtures as kernels are compiled: by the compiler of Debian's kernels, and by the newest clang that is installed.</summary>
internal static class Compiler
{
    /// <summary>The flags that kernels give to every file, as far as they change code; both compilers know them.</summary>
    private static readonly string[] Common =
    [
        "-O2", "-std=gnu11", "-w", "-fno-strict-aliasing", "-fno-common", "-fshort-wchar", "-funsigned-char", "-fno-pie", "-fno-pic",
        "-mcmodel=kernel", "-mno-red-zone", "-mno-sse", "-mno-mmx", "-mno-sse2", "-mno-80387", "-mtune=generic", "-falign-functions=16",
        "-fno-asynchronous-unwind-tables", "-fno-delete-null-pointer-checks", "-fno-strict-overflow",
        "-fno-jump-tables", "-fno-stack-check", "-fstack-protector-strong",
        "-mstack-protector-guard-reg=gs",
        "-pg", "-mfentry", "-ffunction-sections", "-fdata-sections",
    ];

    private static readonly string[] Gcc =
    [
        "-mpreferred-stack-boundary=3", "-mskip-rax-setup", "-falign-jumps=1", "-falign-loops=1", "-fno-allow-store-data-races", "-fconserve-stack",
        "-mindirect-branch=thunk-extern", "-mindirect-branch-register", "-mindirect-branch-cs-prefix", "-mfunction-return=thunk-extern", "-mrecord-mcount",
        "-mstack-protector-guard-symbol=__stack_chk_guard",
    ];

    private static readonly string[] Clang = ["--target=x86_64-linux-gnu", "-mstack-alignment=8", "-mretpoline-external-thunk"];

    private static readonly string[] Kernel61 = ["-fcf-protection=none"];
    private static readonly string[] Kernel612 = ["-fcf-protection=branch", "-fpatchable-function-entry=16,16"];

    /// <summary>Another compiler than the usual one may be named: SUTURE_FIXTURE_GCC, SUTURE_FIXTURE_CLANG.</summary>
    private static readonly Dictionary<string, Lazy<string>> Programs = new(StringComparer.Ordinal)
    {
        ["gcc"] = new(() => Environment.GetEnvironmentVariable("SUTURE_FIXTURE_GCC") ?? "gcc-12"),
        ["clang"] = new(() => Environment.GetEnvironmentVariable("SUTURE_FIXTURE_CLANG") ?? NewestClang()),
    };

    /// <summary>The program to run for "gcc" or "clang".</summary>
    public static string Program(string compiler) => Programs[compiler].Value;

    /// <summary>Compiles the fixture to <paramref name="output"/>; throws with the compiler's words when it does not compile.</summary>
    public static void Compile(Fixture fixture, string output, string[] defines)
    {
        string[] specific = fixture.Compiler == "clang" ? Clang : Gcc;
        Tool.Run(Program(fixture.Compiler),
            [.. Common, .. specific, .. fixture.Kernel == "6.12" ? Kernel612 : Kernel61, .. fixture.Flags, .. defines,
                "-I", Fixture.Directory, "-c", fixture.Path, "-o", output]);
    }

    private static string NewestClang()
    {
        const string Prefix = "clang-";
        var versions = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Where(Directory.Exists)
            .SelectMany(d => Directory.GetFiles(d, Prefix + "*")).Select(p => Path.GetFileName(p)[Prefix.Length..])
            .Where(v => int.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(v => int.Parse(v, CultureInfo.InvariantCulture)).ToList();
        return versions.Count > 0 ? $"{Prefix}{versions.Max()}" : throw new FileNotFoundException("no clang-N is installed; eng/install-packages test installs it");
    }
}
