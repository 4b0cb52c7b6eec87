using System.Collections.Concurrent;
using System.Diagnostics;
using Shouldly;
using Suture.Verify;

namespace Suture.UnitTests.Verify;

/// <summary>Two versions of a C file, compiled as the kernel's build compiles units for comparison, and a kernel in which every symbol is unique.</summary>
internal sealed class CompiledPair : IRunningKernel
{
    private static readonly ConcurrentDictionary<string, Lazy<byte[]>> Compiled = new(StringComparer.Ordinal);
    private static readonly byte[] Nothing = Object("");

    public byte[] Original { get; }

    public byte[] Patched { get; }

    public CompiledPair(string original, string patched) => (Original, Patched) = (Object(original), Object(patched));

    public string Release => "6.1.0-test";

    public string BuildId => "00";

    public bool ChecksIndirectBranches { get; init; }

    public IReadOnlyList<(ulong Address, char Type)> Find(string name) => [(0xffffffff81000000 + (ulong)(name.Length * 4096), 'T')];

    public bool TryRead(ulong address, int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return false;
    }

    public RelocatableFile? Module(string name) => null;

    public (string Owner, uint Crc)? Export(string name) => ("vmlinux", 1);

    /// <summary>What the verifier expects when the engine claims that <paramref name="replaced"/> are replaced and <paramref name="brought"/> brought along.</summary>
    public ExpectationResult Expect(string[] replaced, params string[] brought) => Expectation.Derive(Terms, [Unit("vmlinux", replaced, brought)], this);

    /// <summary>What modules of these tests have in common.</summary>
    public static ModuleTerms Terms { get; } = new()
    {
        Module = "suture_test",
        Replace = true,
        Layout = new PatchLayout(200, 0, 8, 16, 112, 0, 8, 120, 0, 8, 16, [16, 24, 32, 40], 24, 24, 0, 8, 16),
        NameField = (24, 56),
        EntrySizes = new Dictionary<string, int> { ["__bug_table"] = 12 },
        Generated = new HashSet<string> { ".return_sites" },
        HasVersions = false,
        Info = [],
        Processed = Nothing,
    };

    /// <summary>The pair as a unit of <paramref name="owner"/>, with the engine's claims.</summary>
    public UnitPair Unit(string owner, string[] replaced, params string[] brought) => new()
    {
        Unit = "test.c",
        Owner = owner,
        Original = () => Original,
        Patched = () => Patched,
        Replaced = replaced.ToDictionary(n => n),
        Included = replaced.Concat(brought).ToHashSet(),
    };

    private static byte[] Object(string source) => Compiled.GetOrAdd(source, s => new Lazy<byte[]>(() => Compile(s))).Value;

    private static byte[] Compile(string source)
    {
        var folder = Directory.CreateTempSubdirectory("suture-pair");
        try
        {
            var (c, o) = (Path.Combine(folder.FullName, "test.c"), Path.Combine(folder.FullName, "test.o"));
            File.WriteAllText(c, source);
            using var gcc = Process.Start("gcc", ["-O2", "-c", "-mcmodel=kernel", "-fno-pic", "-fno-pie", "-pg", "-mfentry", "-fcf-protection=none",
                "-fno-asynchronous-unwind-tables", "-ffunction-sections", "-fdata-sections", "-o", o, c]);
            gcc.WaitForExit();
            gcc.ExitCode.ShouldBe(0);
            return File.ReadAllBytes(o);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
