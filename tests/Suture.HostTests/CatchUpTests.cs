using Shouldly;
using Suture.HostTests.Machine;
using Xunit;

namespace Suture.HostTests;

/// <summary>
/// What suture catch-up makes, on a host. SUTURE_CATCH_UP names a module that was made before, for the kernel that SUTURE_DEBIAN_KERNEL puts into the
/// Debian system: a whole security update takes longer to make than all tests.
/// </summary>
public sealed class CatchUpTests(PreparedMachine prepared, ITestOutputHelper output)
{
    [Fact]
    public async Task A_security_update_is_applied_and_kept_across_a_reboot()
    {
        var module = await File.ReadAllBytesAsync(Environment.GetEnvironmentVariable("SUTURE_CATCH_UP") is { Length: > 0 } made ? made : await MakeAsync(), TestContext.Current.CancellationToken);
        await using var machine = await prepared.ResumeAsync();
        const string file = $"{GuestSuture.Modules}/catch_up.ko";
        await machine.PutAsync(file, module);
        output.WriteLine((await machine.SutureAsync($"apply {file} --watch 5")).Output);
        var uname = (await machine.SutureAsync("uname")).Output;
        output.WriteLine(uname);
        uname.ShouldMatch(@"\+ \d+ of \d+ fixes of ");
        (await machine.SutureAsync("verify")).Output.ShouldNotContain("FAIL");

        await machine.RebootAsync();
        await machine.WaitUntilUpAsync();
        (await machine.SutureAsync("uname")).Output.ShouldBe(uname);
        output.WriteLine((await machine.SutureAsync("status")).Output);
        output.WriteLine((await machine.SutureAsync("history")).Output);
        (await machine.SutureAsync("verify")).Output.ShouldNotContain("FAIL");
        (await machine.KernelLogAsync()).ShouldNotContain("WARNING:");
        await machine.SutureAsync("revert");
        (await machine.SucceedAsync("lsmod")).ShouldNotContain("suture_");
    }

    /// <summary>A later source that differs in one file.</summary>
    private static async Task<string> MakeAsync()
    {
        var release = (await DebianSystem.GetAsync()).Release;
        var suture = Path.Combine(Repository.Root, "artifacts/bin/suture");
        await HostProgram.OutputAsync(suture, "kernel", "get", release);
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } home ? home : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var tree = Path.Combine(cache, "suture/kernels", release, "source");
        var directory = Directory.CreateTempSubdirectory("suture-catch-up-").FullName;
        // Links: the copy of a kernel's source takes a gigabyte.
        await HostProgram.OutputAsync("cp", "-al", tree, Path.Combine(directory, "later"));
        var changed = Path.Combine(directory, "later/fs/proc/version.c");
        var source = await File.ReadAllTextAsync(changed);
        var later = source.Replace("utsname()->version);", "utsname()->version);\n\tseq_puts(m, \"Caught up.\\n\");", StringComparison.Ordinal);
        later.ShouldNotBe(source);
        File.Delete(changed);
        await File.WriteAllTextAsync(changed, later);
        await HostProgram.OutputAsync(suture, "catch-up", "--kernel", release, "--to-tree", Path.Combine(directory, "later"), "-o", directory);
        return Path.Combine(directory, "suture_catch_up.ko");
    }
}
