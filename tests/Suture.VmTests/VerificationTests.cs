using Shouldly;
using Suture.Mutants;
using Xunit;

namespace Suture.VmTests;

/// <summary>The verifier tells good modules from mutants of them: a sample of eng/mutants, and what the command says.</summary>
public sealed class VerificationTests(ITestOutputHelper output)
{
    private static readonly string Patch = Path.Combine(SutureProgram.Root, "examples/d-two-files/fix.patch");

    [Theory]
    [InlineData("6.1")]
    [InlineData("6.12")]
    public void Mutants_are_caught(string series)
    {
        var module = Build(series);
        var text = new StringWriter();
        var campaign = Campaign.Run([module], seed: 7, count: 30, TextWriter.Null);
        campaign.Print(text);
        output.WriteLine(text.ToString());
        campaign.Total.ShouldBe(30);
        campaign.Caught.ShouldBe(30);
    }

    [Fact]
    public void The_command_says_so_by_exit_code()
    {
        var kernel = Kernels.Newest("6.1");
        var module = Build("6.1");
        var good = SutureProgram.Run("inspect", "--check", module, "--kernel", kernel, "--json");
        good.ExitCode.ShouldBe(0, good.ToString());
        good.Json.GetProperty("verified").GetBoolean().ShouldBeTrue();
        good.Json.GetProperty("checks").GetArrayLength().ShouldBeGreaterThanOrEqualTo(7);

        var derived = SutureProgram.Run("inspect", "--check", module, "--kernel", kernel, "--patch", Patch);
        derived.ExitCode.ShouldBe(0, derived.ToString());
        derived.Output.ShouldContain("compiled again");

        // The same module with one bit of its text changed.
        var bytes = File.ReadAllBytes(module);
        bytes[bytes.AsSpan().IndexOf("(patched)"u8) + 1] ^= 1;
        File.WriteAllBytes(module, bytes);
        foreach (var arguments in (string[][])[[], ["--kernel", kernel], ["--kernel", kernel, "--patch", Patch]])
        {
            var bad = SutureProgram.Run(["inspect", "--check", module, .. arguments]);
            bad.ExitCode.ShouldBe(8, bad.ToString());
            bad.Output.ShouldContain("NOT verified");
        }
    }

    [Fact]
    public void What_nothing_is_known_of_is_not_verified()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("suture-foreign-").FullName, "module.ko");
        File.WriteAllText(file, "no module at all");
        var result = SutureProgram.Run("inspect", "--check", file);
        result.ExitCode.ShouldBe(8, result.ToString());
        result.Output.ShouldContain("not checked");
    }

    private static string Build(string series)
    {
        var folder = Directory.CreateTempSubdirectory("suture-verify-").FullName;
        var built = SutureProgram.Run("build", Patch, "--kernel", Kernels.Newest(series), "--name", "verified", "-o", folder, "--json");
        built.ExitCode.ShouldBe(0, built.ToString());
        return built.Json.GetProperty("module").GetString()!;
    }
}
