using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>Functions of a module that depend on the module's own static keys: the livepatch may be there before the module.</summary>
public sealed class ModuleKeyTests
{
    public static TheoryData<string> Series => [.. Kernels.Series];

    [Theory]
    [MemberData(nameof(Series))]
    public void Static_keys_of_a_module_are_read_at_run_time(string series)
    {
        var release = Kernels.All(series)[0];
        Kernels.Get(release);
        var folder = Directory.CreateTempSubdirectory("suture-keys-").FullName;
        var patch = Path.Combine(SutureProgram.Root, "tests/Suture.VmTests/patches/module-static-key.patch");
        var build = SutureProgram.Run("build", patch, "--kernel", release, "--name", "keys", "-o", folder, "--json");
        build.ExitCode.ShouldBe(0, build.ToString());
        build.Json.GetProperty("functions").EnumerateArray().Select(f => f.GetProperty("name").GetString()).ShouldContain("kvm_cpu_has_pending_timer");
        build.Json.GetProperty("functions").EnumerateArray().ShouldAllBe(f => f.GetProperty("match").GetString() == "identical");

        if (series != Kernels.Series[0])
        {
            // One trial is enough: what differs between the series is how the headers spell a static branch.
            return;
        }
        var lab = SutureProgram.Run("lab", "run", build.Json.GetProperty("module").GetString()!, "--kernel", release, "--json");
        lab.ExitCode.ShouldBe(0, lab.ToString());
        // Both orders: kvm there before the livepatch, and arriving after it.
        lab.Json.GetProperty("stages").EnumerateArray().Count(s => s.GetProperty("name").GetString()!.Contains("apply", StringComparison.Ordinal)).ShouldBe(2);
    }
}
