using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>What is compiled here is what runs there: functions of many units against the shipped kernels.</summary>
public sealed class MatchTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("6.1")]
    [InlineData("6.12")]
    public void Nearly_all_functions_are_identical(string series)
    {
        var result = SutureProgram.Run("match", "kernel/", "mm/", "fs/", "net/", "--limit", "48", "--kernel", Kernels.Newest(series), "--json");
        result.ExitCode.ShouldBeOneOf(0, 7);
        var report = result.Json;
        output.WriteLine(result.Output);
        report.GetProperty("failed").GetArrayLength().ShouldBe(0, result.ToString());
        report.GetProperty("units").GetInt32().ShouldBeGreaterThanOrEqualTo(40);
        var share = (double)report.GetProperty("identical").GetInt32() / report.GetProperty("functions").GetInt32();
        share.ShouldBeGreaterThanOrEqualTo(0.995, result.ToString());
    }
}
