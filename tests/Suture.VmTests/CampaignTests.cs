using System.Text.Json;
using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>A sample of each long run; the whole runs are the scripts in eng, their results in docs.</summary>
public sealed class CampaignTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("6.1", "12")]
    [InlineData("6.12", "8")]
    public void No_change_is_found_where_lines_only_moved(string series, string units)
    {
        var result = CampaignProgram.Run("self-diff", "--kernel", Kernels.Newest(series), "--source", "kernel/", "fs/", "net/", "--units", units, "--json");
        result.ExitCode.ShouldBe(0, result.ToString());
        result.Json.GetProperty("unchanged").GetInt32().ShouldBe(2 * int.Parse(units));
    }

    [Fact]
    public void Damaged_objects_give_only_the_errors_they_may()
    {
        var findings = Directory.CreateTempSubdirectory("suture-fuzz-").FullName;
        var result = CampaignProgram.Run("fuzz", "--kernel", Kernels.Newest("6.1"), "--inputs", "600", "--seed", "1", "--minutes", "2", "--findings", findings, "--json");
        result.ExitCode.ShouldBe(0, result.ToString());
        result.Json.GetProperty("inputs").GetInt32().ShouldBeGreaterThan(100);
        // Damage that the reader always rejects would prove little.
        result.Json.GetProperty("diffed").GetInt32().ShouldBeGreaterThan(10);
        Directory.Delete(findings, recursive: true);
    }

    /// <summary>
    /// The way back from the newest version to the one before: real changes too, and only a source has to be fetched. One boot for all.
    /// </summary>
    [Fact]
    public void Real_changes_become_modules_that_load_and_revert()
    {
        var folder = Directory.CreateTempSubdirectory("suture-coverage-").FullName;
        var (newest, before) = TwoVersions("6.1");
        var result = CampaignProgram.Run("coverage", newest, before, "--source", "fs/", "net/", "--files", "5", "--no-groups", "--output", folder, "--json");
        result.ExitCode.ShouldBeOneOf(0, 1);
        var rows = result.Json.GetProperty("rows").EnumerateArray().ToList();
        foreach (var row in rows)
        {
            output.WriteLine(row.ToString());
        }
        rows.Count.ShouldBe(5);
        rows.ShouldAllBe(r => Outcome(r) != "crash" && Outcome(r) != "timed-out" && Outcome(r) != "does-not-apply");
        var built = rows.FindAll(r => Outcome(r) == "built");
        built.ShouldNotBeEmpty();
        built.ShouldAllBe(r => r.GetProperty("trial").GetProperty("passed").GetBoolean());
        Directory.Delete(folder, recursive: true);
    }

    private static string Outcome(JsonElement row) => row.GetProperty("outcome").GetString()!;

    /// <summary>The version of the newest release, and the newest one before it that has another upstream version.</summary>
    private static (string Newest, string Before) TwoVersions(string series)
    {
        var kernels = SutureProgram.Run("kernel", "list", "--json").Json.GetProperty("kernels").EnumerateArray().ToList();
        var versions = Kernels.All(series).Select(r => kernels.Find(k => k.GetProperty("release").GetString() == r).GetProperty("version").GetString()!).ToList();
        Kernels.Newest(series);
        return (versions[0], versions.First(v => v.Split('-')[0] != versions[0].Split('-')[0]));
    }
}
