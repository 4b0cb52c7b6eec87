using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>Fetching a kernel survives being killed, and two at once share the work.</summary>
public sealed class KernelFetchTests
{
    [Fact]
    public async Task Killed_then_run_twice_at_once()
    {
        var release = Kernels.All("6.1")[0];
        var cache = Directory.CreateTempSubdirectory("suture-cache-").FullName;
        try
        {
            using (var first = SutureProgram.Start(cache, "kernel", "get", release))
            {
                // Late enough to be in the middle of unpacking, where most can go wrong.
                first.WaitForExit(TimeSpan.FromSeconds(15)).ShouldBeFalse("the fetch was over before it could be killed");
                first.Kill();
                await first.WaitForExitAsync(TestContext.Current.CancellationToken);
            }
            var both = await Task.WhenAll(
                Task.Run(() => SutureProgram.RunWith(cache, "kernel", "get", release, "--json")),
                Task.Run(() => SutureProgram.RunWith(cache, "kernel", "get", release, "--json")));
            both.ShouldAllBe(r => r.ExitCode == 0, string.Join("\n", both.Select(r => r.ToString())));
            both.ShouldAllBe(r => r.Json.GetProperty("release").GetString() == release);

            // What a killed run left in the way must not be taken for a kernel, and nothing half made stays.
            var listed = SutureProgram.RunWith(cache, "kernel", "list", "--json");
            listed.ExitCode.ShouldBe(0, listed.ToString());
            listed.Json.GetProperty("kernels").EnumerateArray()
                .Count(k => k.GetProperty("cached").GetBoolean()).ShouldBe(1);
            Directory.GetDirectories(Path.Combine(cache, "suture/kernels")).Length.ShouldBe(1);
        }
        finally
        {
            Directory.Delete(cache, recursive: true);
        }
    }
}
