using Shouldly;
using Xunit;

namespace Suture.HostTests;

/// <summary>docs/guide/host.md: every command in it, in its order, on a system without Suture.</summary>
public sealed class GuideTests(PreparedMachine prepared)
{
    [Fact]
    public async Task Every_command_works()
    {
        await using var machine = await prepared.ResumeBareAsync();
        var commands = File.ReadLines(Path.Combine(Repository.Root, "docs/guide/host.md")).Where(l => l.StartsWith("# ", StringComparison.Ordinal)).Skip(1).Select(l => l[2..]).ToList();
        commands.Count.ShouldBeGreaterThan(20);
        await machine.SucceedAsync("cp /payload/suture.deb /root/");
        foreach (var command in commands)
        {
            var result = await machine.RunAsync($"cd /root; {command}", TimeSpan.FromMinutes(4));
            result.ExitCode.ShouldBe(0, result.ToString());
        }
        (await machine.SucceedAsync("ls -d /var/lib/suture /etc/suture /run/suture /usr/lib/suture 2>/dev/null || true")).ShouldBeEmpty("purged");
    }
}
