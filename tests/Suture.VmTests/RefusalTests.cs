using System.Text.Json;
using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>What must be refused is, with the right exit code and a finding that says what and what to do.</summary>
public sealed class RefusalTests
{
    private static readonly string Folder = Path.Combine(SutureProgram.Root, "examples");

    private static readonly List<JsonElement> Index =
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "refused/index.json"))).RootElement.EnumerateArray()];

    /// <summary>Every refused patch on every series.</summary>
    public static TheoryData<string, string> Rows()
    {
        var rows = new TheoryData<string, string>();
        foreach (var series in Kernels.Series)
        {
            foreach (var entry in Index)
            {
                rows.Add(series, entry.GetProperty("name").GetString()!);
            }
        }
        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Is_refused(string series, string name)
    {
        var entry = Index.Single(e => e.GetProperty("name").GetString() == name);
        var folder = Directory.CreateTempSubdirectory("suture-refused-").FullName;
        var result = SutureProgram.Run("build", Path.Combine(Folder, entry.GetProperty("patch").GetString()!),
            "--kernel", Kernels.Newest(series), "-o", folder, "--json");
        result.ExitCode.ShouldBe(entry.GetProperty("exit").GetInt32(), result.ToString());
        Directory.GetFiles(folder).ShouldBeEmpty("a refused patch leaves no module");
        var findings = result.Json.GetProperty("findings").EnumerateArray().ToList();
        findings.ShouldNotBeEmpty();
        findings.ShouldAllBe(f => f.GetProperty("message").GetString()!.Length > 10 && f.GetProperty("advice").GetString()!.Length > 5);
        if (entry.GetProperty("symbol").GetString() is { } symbol)
        {
            findings.ShouldContain(f => f.GetProperty("message").GetString()!.Contains(symbol), $"no finding names {symbol}: {result}");
        }
        if (entry.GetProperty("exit").GetInt32() is 4 or 5 or 6)
        {
            findings.ShouldContain(f => f.GetProperty("severity").GetString() == "error" && f.GetProperty("file").ValueKind == JsonValueKind.String
                && f.GetProperty("line").ValueKind == JsonValueKind.Number, $"no error has a file and a line: {result}");
        }
    }

    /// <summary>
    /// Kernels with CONFIG_X86_KERNEL_IBT take the ENDBR off functions whose address nobody took, in modules as in vmlinux, and the compiler gives none to a file's own that are only
    /// called. What a file keeps to itself is nobody else's, and a module that another one does not depend on may not be there.
    /// </summary>
    [Theory]
    [InlineData("module-sealed-function", "6.12", "SUT0309", "nft_trans_gc_destroy")]
    [InlineData("static-address", "6.12", "SUT0309", "__show_smap")]
    [InlineData("foreign-static", "6.1", "SUT0304", "__show_smap")]
    [InlineData("module-not-held", "6.1", "SUT0304", "br_vlan_enabled")]
    public void What_the_patch_cannot_use_is_refused(string name, string series, string code, string symbol)
    {
        var result = Build(name, series);
        result.ExitCode.ShouldBe(4, result.ToString());
        result.Json.GetProperty("findings").EnumerateArray().ShouldContain(
            f => f.GetProperty("code").GetString() == code && f.GetProperty("message").GetString()!.Contains(symbol), result.ToString());
    }

    [Fact]
    public void What_the_patch_itself_shows_to_other_files_is_used()
    {
        var result = Build("shown-static", "6.1");
        result.ExitCode.ShouldBe(0, result.ToString());
        result.Json.GetProperty("functions").EnumerateArray().ShouldContain(f => f.GetProperty("name").GetString() == "version_proc_show", result.ToString());
    }

    [Fact]
    public void A_kernel_of_another_compiler_is_refused()
    {
        var real = Kernels.DirectoryOf(Kernels.Newest("6.1"));
        var copy = Directory.CreateTempSubdirectory("suture-kernel-").FullName;
        foreach (var entry in Directory.GetFileSystemEntries(real).Where(e => Path.GetFileName(e) is not ("config" or "work")))
        {
            File.CreateSymbolicLink(Path.Combine(copy, Path.GetFileName(entry)), entry);
        }
        File.WriteAllText(Path.Combine(copy, "config"),
            File.ReadAllText(Path.Combine(real, "config")).Replace("12.2.0-14", "11.3.0-12", StringComparison.Ordinal));
        var result = SutureProgram.Run("build", Path.Combine(Folder, "a-meminfo-string/fix.patch"), "--kernel", copy, "-o", copy);
        result.ExitCode.ShouldBe(7, result.ToString());
        result.Error.ShouldContain("11.3.0-12");
        result.Error.ShouldContain("install");
    }

    [Fact]
    public void The_lab_refuses_a_module_of_another_kernel_and_damaged_ones()
    {
        var folder = Directory.CreateTempSubdirectory("suture-lab-").FullName;
        var built = SutureProgram.Run("build", Path.Combine(Folder, "a-meminfo-string/fix.patch"), "--kernel", Kernels.Newest("6.1"), "--name", "other", "-o", folder, "--json");
        built.ExitCode.ShouldBe(0, built.ToString());
        var module = built.Json.GetProperty("module").GetString()!;
        var other = SutureProgram.Run("lab", "run", module, "--kernel", Kernels.Newest("6.12"));
        other.ExitCode.ShouldBe(7, other.ToString());
        other.Error.ShouldContain(Kernels.Newest("6.1"));

        var bytes = File.ReadAllBytes(module);
        var truncated = Path.Combine(folder, "truncated.ko");
        foreach (var length in new[] { 0, 63, bytes.Length / 2, bytes.Length - 1 })
        {
            File.WriteAllBytes(truncated, bytes[..length]);
            var result = SutureProgram.Run("lab", "run", truncated, "--kernel", Kernels.Newest("6.1"));
            result.ExitCode.ShouldBe(1, result.ToString());
            result.Error.ShouldContain("truncated");
            result.Error.ShouldNotContain("Unhandled");
            SutureProgram.Run("inspect", truncated).ExitCode.ShouldBe(1);
        }
    }

    private static SutureProgram.Result Build(string name, string series) => SutureProgram.Run("build", Path.Combine(SutureProgram.Root, $"tests/Suture.VmTests/patches/{name}.patch"),
        "--kernel", Kernels.Newest(series), "-o", Directory.CreateTempSubdirectory("suture-refused-").FullName, "--json");

    [Fact]
    public void A_truncated_kernel_image_is_refused()
    {
        var real = Kernels.DirectoryOf(Kernels.Newest("6.1"));
        var copy = Directory.CreateTempSubdirectory("suture-kernel-").FullName;
        foreach (var entry in Directory.GetFileSystemEntries(real).Where(e => Path.GetFileName(e) is not ("vmlinux" or "work")))
        {
            File.CreateSymbolicLink(Path.Combine(copy, Path.GetFileName(entry)), entry);
        }
        using (var image = File.OpenRead(Path.Combine(real, "vmlinux")))
        {
            var bytes = new byte[100_000];
            image.ReadExactly(bytes);
            File.WriteAllBytes(Path.Combine(copy, "vmlinux"), bytes);
        }
        var result = SutureProgram.Run("build", Path.Combine(Folder, "a-meminfo-string/fix.patch"), "--kernel", copy, "-o", copy);
        result.ExitCode.ShouldBe(1, result.ToString());
        result.Error.ShouldContain("vmlinux");
        result.Error.ShouldNotContain("Unhandled");
    }
}
