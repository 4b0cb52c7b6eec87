using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Shouldly;
using Suture.Host.Agent;
using Xunit;

namespace Suture.UnitTests.Host;

public sealed partial class MetricsTests
{
    [Fact]
    public async Task Every_line_is_OpenMetrics()
    {
        using var host = new TestHost();
        await host.ApplyAsync(host.Module("one"));
        var lines = Metrics.Render(host.Open(), 3).TrimEnd('\n').Split('\n');
        lines[^1].ShouldBe("# EOF");
        lines[..^1].ShouldAllBe(l => Line().IsMatch(l));
        lines.ShouldContain($"suture_patch_applied{{name=\"one\",version=\"1\",release=\"{FakeKernel.Release}\"}} 1");
        lines.ShouldContain("suture_cve_fixed{cve=\"CVE-2026-0001\"} 1");
        lines.ShouldContain("suture_status 0");
        lines.ShouldContain("suture_agent_reapplied_total 3");
    }

    [Fact]
    public async Task The_socket_answers_and_a_client_that_says_nothing_does_not_block_it()
    {
        using var host = new TestHost();
        await using var server = MetricsSocket.Open(host.Paths, () => "suture_status 0\n# EOF\n").ShouldNotBeNull();
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await silent.ConnectAsync(new UnixDomainSocketEndPoint(host.Paths.MetricsSocket), TestContext.Current.CancellationToken);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(host.Paths.MetricsSocket), TestContext.Current.CancellationToken);
        await client.SendAsync("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(new NetworkStream(client), Encoding.UTF8);
        var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        answer.ShouldStartWith("HTTP/1.1 200 OK\r\n");
        answer.ShouldEndWith("\r\n\r\nsuture_status 0\n# EOF\n");
    }

    [GeneratedRegex("""^(# TYPE \w+ (gauge|counter)|# HELP \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?\d+)$""")]
    private static partial Regex Line();
}
