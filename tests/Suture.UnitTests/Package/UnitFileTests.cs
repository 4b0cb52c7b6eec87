using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;
using Suture.UnitTests.Layering;
using Xunit;

namespace Suture.UnitTests.Package;

/// <summary>The systemd units, judged by systemd.</summary>
public sealed partial class UnitFileTests : IDisposable
{
    private static readonly string[] Units = ["suture-boot.service", "suture-agent.service"];
    private readonly string _directory = Directory.CreateTempSubdirectory("suture-units").FullName;

    public UnitFileTests()
    {
        foreach (var path in Repository.Files("packaging/systemd", "*"))
        {
            var target = Path.Combine(_directory, Path.GetRelativePath("packaging/systemd", path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            // Suture need not be installed where the tests run.
            File.WriteAllText(target, Repository.Read(path).Replace("ExecStart=/usr/bin/suture", "ExecStart=/bin/true", StringComparison.Ordinal));
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Systemd_has_nothing_to_say_about_them()
    {
        var (code, output) = Tool.Run("systemd-analyze", ["verify", "--man=no", .. Units.Select(u => Path.Combine(_directory, u))]);
        // What the machine's own units are blamed for is not ours.
        output.Split('\n').Where(l => l.Contains("suture", StringComparison.Ordinal)).ShouldBeEmpty();
        code.ShouldBe(0, output);
    }

    [Fact]
    public void The_sandbox_is_tight()
    {
        foreach (var unit in Units)
        {
            var output = Tool.Output("systemd-analyze", "security", "--offline=yes", "--no-pager", Path.Combine(_directory, unit));
            var level = Exposure().Match(output);
            level.Success.ShouldBeTrue(output);
            // Loading kernel modules is among the worst that this scale knows, and is the work.
            double.Parse(level.Groups[1].Value, CultureInfo.InvariantCulture).ShouldBeLessThanOrEqualTo(4.5, output);
        }
    }

    [Fact]
    public void Nothing_waits_for_the_boot_unit_without_a_bound()
    {
        var text = Repository.Read("packaging/systemd/suture-boot.service");
        text.ShouldContain("TimeoutStartSec=90s");
        text.ShouldNotContain("RequiredBy=");
        text.ShouldContain("Before=network-pre.target");
        text.ShouldContain("ConditionKernelCommandLine=!suture=off");
    }

    [GeneratedRegex(@"Overall exposure level for [\w.-]+: ([\d.]+)")]
    private static partial Regex Exposure();
}
