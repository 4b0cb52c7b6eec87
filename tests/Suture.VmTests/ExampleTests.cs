using System.Text.Json;
using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>
/// The main job on real kernels: each example builds, loads, completes its transition, takes effect, is given
/// back and unloads. For each kind and series one example must fit; one that does not is said to.
/// </summary>
public sealed class ExampleTests(ITestOutputHelper output)
{
    /// <summary>Every kind of change that an example shows, on every series that one of them is for.</summary>
    public static TheoryData<string, string> Rows()
    {
        var rows = new TheoryData<string, string>();
        foreach (var series in Kernels.Series)
        {
            foreach (var kind in Example.All.Where(e => e.Patch(series) is not null).Select(e => e.Kind).Distinct())
            {
                rows.Add(series, kind);
            }
        }
        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Takes_effect_and_is_given_back(string series, string kind)
    {
        // A security fix is tried on the newest release that still lacks it.
        var releases = kind == "h" ? Kernels.All(series) : [Kernels.All(series)[0]];
        foreach (var release in releases)
        {
            foreach (var example in Example.All.Where(e => e.Kind == kind))
            {
                var older = example.Replaces(series) is { } first ? Build(first, example.LivepatchName + "_older", release)!.Value.Module : null;
                var module = example.ModuleSource is { } source ? ExternalModule.Build(source, Kernels.Get(release)) : null;
                if (example.Patch(series) is { } patch && Build(patch, example.LivepatchName, release, [.. Replacing(older), .. Sources(module)]) is { } built)
                {
                    SaysWhatItShould(example, built);
                    var replaces = built.Report.GetProperty("functions").EnumerateArray().Any(f => f.GetProperty("change").GetString() == "changed");
                    RunInLab(example, built.Module, replaces, [.. Replacing(older), .. Files(module)], release);
                    return;
                }
                output.WriteLine($"{example.Name} does not fit {release}");
            }
        }
        Assert.Fail($"no example of kind {kind} fits any of {string.Join(", ", releases)}");
    }

    private (string Module, JsonElement Report)? Build(string patch, string name, string release, params string[] more)
    {
        Kernels.Get(release);
        var folder = Directory.CreateTempSubdirectory("suture-example-").FullName;
        var result = SutureProgram.Run(["build", patch, "--kernel", release, "--name", name, "-o", folder, "--json", .. more]);
        // 5: does not apply; 3: applies beside the fix that is there, and changes nothing.
        if (result.ExitCode is 5 or 3)
        {
            return null;
        }
        result.ExitCode.ShouldBe(0, result.ToString());
        foreach (var function in result.Json.GetProperty("functions").EnumerateArray())
        {
            output.WriteLine($"{release}: {function.GetProperty("object")} {function.GetProperty("name")} {function.GetProperty("change")} {function.GetProperty("match")}");
            function.GetProperty("match").GetString().ShouldBe("identical");
        }
        return (result.Json.GetProperty("module").GetString()!, result.Json);
    }

    private static string[] Replacing(string? older) => older is null ? [] : ["--replaces", older];

    private static string[] Sources(ExternalModule? module) => module is null ? [] : ["--module-source", module.Directory];

    private static string[] Files(ExternalModule? module) => module is null ? [] : ["--with-module", module.File];

    private static void SaysWhatItShould(Example example, (string Module, JsonElement Report) built)
    {
        if (example.Entry.TryGetProperty("changed", out var changed))
        {
            built.Report.GetProperty("functions").EnumerateArray().Where(f => f.GetProperty("change").GetString() == "changed")
                .Select(f => f.GetProperty("name").GetString()).ShouldBe(changed.EnumerateArray().Select(n => n.GetString()), ignoreOrder: true);
        }
        if (example.Entry.TryGetProperty("findings", out var codes))
        {
            built.Report.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("code").GetString())
                .ShouldBe(codes.EnumerateArray().Select(c => c.GetString()), ignoreOrder: true);
        }
        if (example.Entry.TryGetProperty("succession", out var succession))
        {
            built.Report.GetProperty("replaces")[0].GetProperty("functions").EnumerateArray()
                .Select(f => $"{f.GetProperty("name").GetString()} {f.GetProperty("change").GetString()}")
                .ShouldBe(succession.EnumerateArray().Select(s => s.GetString()), ignoreOrder: true);
        }
    }

    private void RunInLab(Example example, string module, bool replaces, string[] more, string release)
    {
        var result = SutureProgram.Run(
            ["lab", "run", module, "--kernel", release, "--probe", example.Probe(), "--json", .. more]);
        result.ExitCode.ShouldBe(0, result.ToString());
        result.Json.GetProperty("verdict").GetString().ShouldBe("passed");
        var stages = result.Json.GetProperty("stages").EnumerateArray().ToList();
        foreach (var stage in stages)
        {
            output.WriteLine($"{stage.GetProperty("name")} {stage.GetProperty("ms")} ms {stage.GetProperty("detail")}");
        }
        stages.Count.ShouldBeGreaterThanOrEqualTo(6);
        stages.ShouldAllBe(s => s.GetProperty("ok").GetBoolean());
        stages.ShouldContain(s => s.GetProperty("name").GetString() == "memory");
        // Before it is applied, and while it is. Some examples are callbacks alone.
        var expected = replaces ? "as it was built against" : "it replaces no function";
        stages.Count(s => s.GetProperty("name").GetString() == "running-code" && s.GetProperty("detail").GetString()!.Contains(expected, StringComparison.Ordinal))
            .ShouldBeGreaterThanOrEqualTo(2);
        if (example.Entry.GetProperty("modules").GetArrayLength() > 0)
        {
            // Both orders: the module there before the livepatch, and arriving after it.
            stages.Count(s => s.GetProperty("name").GetString()!.Contains("apply", StringComparison.Ordinal)).ShouldBe(2);
        }
    }
}
