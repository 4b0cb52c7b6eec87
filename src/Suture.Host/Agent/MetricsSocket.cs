using System.Net.Sockets;
using System.Text;
using Suture.Host.Interfaces;

namespace Suture.Host.Agent;

/// <summary>
/// Answers each HTTP request on a unix socket with the metrics: <c>curl --unix-socket /run/suture/metrics.sock http://localhost/metrics</c>.
/// One page, no parameters: whatever is asked, this is the answer. One client at a time, for a second at most.
/// </summary>
public sealed class MetricsSocket : IAsyncDisposable
{
    private static readonly TimeSpan ClientBound = TimeSpan.FromSeconds(1);
    private static ReadOnlySpan<byte> EndOfRequest => "\r\n\r\n"u8;

    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private readonly string _path;

    private MetricsSocket(Socket socket, string path, Func<string> render)
    {
        _socket = socket;
        _path = path;
        _work = ServeAsync(render);
    }

    /// <summary>Opens it; null, with a line in the journal, when that cannot be.</summary>
    public static MetricsSocket? Open(HostPaths paths, Func<string> render)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            Directory.CreateDirectory(paths.Run);
            File.Delete(paths.MetricsSocket);
            socket.Bind(new UnixDomainSocketEndPoint(paths.MetricsSocket));
            socket.Listen(8);
            return new MetricsSocket(socket, paths.MetricsSocket, render);
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            Journal.Warning($"no metrics on {paths.MetricsSocket}: {e.Message}");
            socket.Dispose();
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _socket.Dispose();
        await _work;
        File.Delete(_path);
        _stop.Dispose();
    }

    private async Task ServeAsync(Func<string> render)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var client = await _socket.AcceptAsync(_stop.Token);
                using var bound = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                bound.CancelAfter(ClientBound);
                await AnswerAsync(client, render, bound.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException or IOException or UnauthorizedAccessException)
            {
                // The client went away, or we do; or the state cannot be read at the moment: the next one may be luckier.
            }
        }
    }

    private static async Task AnswerAsync(Socket client, Func<string> render, CancellationToken cancel)
    {
        var request = new byte[8192];
        var length = 0;
        while (length < request.Length && request.AsSpan(0, length).IndexOf(EndOfRequest) < 0)
        {
            var read = await client.ReceiveAsync(request.AsMemory(length), cancel);
            if (read == 0)
            {
                return;
            }
            length += read;
        }
        var body = Encoding.UTF8.GetBytes(render());
        var head = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
            + $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        await client.SendAsync(head, cancel);
        await client.SendAsync(body, cancel);
        client.Shutdown(SocketShutdown.Both);
    }
}
