using Shouldly;
using Suture.Host;
using Xunit;

namespace Suture.UnitTests.Host;

public sealed class SettingsTests
{
    private static Settings Read(string text)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, text);
            return Settings.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Without_a_file_the_defaults_count()
    {
        var settings = Settings.Read("/nonexistent/suture.conf");
        settings.ShouldBe(new Settings { Faults = settings.Faults });
        settings.Faults.ShouldBeEmpty();
    }

    [Fact]
    public void Keys_are_read()
    {
        var settings = Read("# mine\ntransition_timeout = 5\nwatch=7 # short\n\n boot_watch = 8\nhealth_timeout = 9\nagent_interval = 3600\ntextfile_directory = /srv/metrics\n");
        settings.Faults.ShouldBeEmpty();
        settings.TransitionTimeout.ShouldBe(TimeSpan.FromSeconds(5));
        settings.Watch.ShouldBe(TimeSpan.FromSeconds(7));
        settings.BootWatch.ShouldBe(TimeSpan.FromSeconds(8));
        settings.HealthTimeout.ShouldBe(TimeSpan.FromSeconds(9));
        settings.AgentInterval.ShouldBe(TimeSpan.FromHours(1));
        settings.TextfileDirectory.ShouldBe("/srv/metrics");
    }

    [Theory]
    [InlineData("watch = 0")]
    [InlineData("watch = 86401")]
    [InlineData("watch = soon")]
    [InlineData("watch")]
    [InlineData("wacht = 3")]
    [InlineData("textfile_directory = metrics")]
    public void What_is_not_understood_is_told_with_its_line_and_the_default_counts(string line)
    {
        var settings = Read($"boot_watch = 8\n{line}\n");
        settings.Faults.ShouldHaveSingleItem().ShouldContain($":2: '{line}'");
        settings.Watch.ShouldBe(new Settings().Watch);
        settings.BootWatch.ShouldBe(TimeSpan.FromSeconds(8));
    }

    [Fact]
    public void The_file_that_the_package_brings_states_the_defaults()
    {
        var lines = File.ReadLines(Path.Combine(Layering.Repository.Root, "packaging/suture.conf")).Where(l => l.StartsWith('#') && l.Contains(" = ", StringComparison.Ordinal) && !l.Contains("KEY", StringComparison.Ordinal)).ToList();
        lines.Count.ShouldBe(6);
        var settings = Read(string.Join('\n', lines.Select(l => l[1..])));
        settings.Faults.ShouldBeEmpty();
        settings.ShouldBe(new Settings { Faults = settings.Faults });
    }
}
