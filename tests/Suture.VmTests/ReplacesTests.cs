using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>What a build says of the livepatch that it replaces when something would be lost.</summary>
public sealed class ReplacesTests
{
    private static readonly string Folder = Path.Combine(SutureProgram.Root, "examples");
    private readonly string _output = Directory.CreateTempSubdirectory("suture-replaces-").FullName;

    private SutureProgram.Result Build(string patch, string name, string series, params string[] more) =>
        SutureProgram.Run(["build", Path.Combine(Folder, patch), "--kernel", Kernels.Newest(series), "--name", name, "-o", _output, "--json", .. more]);

    [Fact]
    public void A_lost_fix_is_warned_of_by_name()
    {
        Build("m-cumulative/fix.patch", "newer", "6.1").ExitCode.ShouldBe(0);
        var result = Build("m-cumulative/version-1.patch", "older", "6.1", "--replaces", "newer");
        result.ExitCode.ShouldBe(0, result.ToString());
        var finding = result.Json.GetProperty("findings").EnumerateArray().Single(f => f.GetProperty("code").GetString() == "SUT0707");
        finding.GetProperty("symbol").GetString().ShouldBe("uptime_proc_show");
        result.Json.GetProperty("replaces")[0].GetProperty("functions").EnumerateArray()
            .Count(f => f.GetProperty("change").GetString() == "dropped").ShouldBe(1);

        // One kernel's livepatch cannot take the place of another's.
        var other = Build("a-meminfo-string/fix.patch", "elsewhere", "6.12", "--replaces", "newer");
        other.ExitCode.ShouldBe(7, other.ToString());
        other.Error.ShouldContain(Kernels.Newest("6.1"));
        var same = Build("m-cumulative/version-1.patch", "newer", "6.1", "--replaces", "newer");
        same.ExitCode.ShouldBe(1, same.ToString());
        same.Error.ShouldContain("--name");
    }

    [Fact]
    public void A_state_that_goes_back_is_refused()
    {
        Build("k-state/fix.patch", "second", "6.12").ExitCode.ShouldBe(0);
        var back = Build("k-state/version-1.patch", "first", "6.12", "--replaces", "second");
        back.ExitCode.ShouldBe(4, back.ToString());
        back.Json.GetProperty("findings").EnumerateArray().ShouldContain(f => f.GetProperty("code").GetString() == "SUT0708");
        var without = Build("a-meminfo-string/fix.patch", "none", "6.12", "--replaces", "second");
        without.ExitCode.ShouldBe(4, without.ToString());
        Directory.GetFiles(_output).Length.ShouldBe(1, "a refused build writes nothing");
    }
}
