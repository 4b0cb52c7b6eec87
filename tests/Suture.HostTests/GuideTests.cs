using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Suture.HostTests;

/// <summary>docs/guide/host.md: every command in it, in its order, on a system without Suture.</summary>
public sealed partial class GuideTests(PreparedMachine prepared)
{
    [Fact]
    public async Task Every_command_works()
    {
        await using var machine = await prepared.ResumeBareAsync();
        var guide = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/guide/host.md"), TestContext.Current.CancellationToken);
        var commands = guide.Split('\n').Where(l => l.StartsWith("# ", StringComparison.Ordinal)).Skip(1).Select(l => l[2..]).ToList();
        commands.Count.ShouldBeGreaterThan(20);
        // What the text names beside: looks, and decisions with the way back. They are tried once the guide's patch is applied again.
        var named = Named().Matches(guide).Select(m => m.Groups[1].Value.Replace("NAME", "guide", StringComparison.Ordinal)).Distinct().ToList();
        named.Count.ShouldBeGreaterThan(4);
        var beside = named.SelectMany(c => Decision().IsMatch(c) ? new[] { c, c + " --undo" } : [c]);
        await machine.SucceedAsync("mkdir /srv/download; cp /payload/suture.deb /payload/suture_guide.ko /srv/download/");
        foreach (var command in commands.SelectMany(c => c == "suture apply guide" ? beside.Prepend(c) : [c]))
        {
            var result = await machine.RunAsync($"cd /srv/download; {command}", TimeSpan.FromMinutes(4));
            result.ExitCode.ShouldBe(0, result.ToString());
        }
        (await machine.SucceedAsync("ls -d /var/lib/suture /etc/suture /run/suture /usr/lib/suture 2>/dev/null || true")).ShouldBeEmpty("purged");
    }

    [GeneratedRegex("`(suture (?:list --all|pin NAME|hold NAME|exclude NAME|status|history)|journalctl [^`]*|lsmod)`")]
    private static partial Regex Named();

    [GeneratedRegex("suture (pin|hold|exclude) ")]
    private static partial Regex Decision();
}
