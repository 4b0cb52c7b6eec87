using System.Net.Sockets;
using System.Text;

namespace Suture.Host.Interfaces;

/// <summary>Tells the service manager how a service is doing, sd_notify(3)'s protocol. Without a service manager it does nothing.</summary>
public static class ServiceNotifier
{
    /// <summary>The service is up. With <paramref name="watchdog"/> it promises to say that it is alive at least that often.</summary>
    public static void Ready(string status, TimeSpan? watchdog = null) =>
        Send($"READY=1\nSTATUS={status}{(watchdog is { } w ? $"\nWATCHDOG_USEC={(long)w.TotalMicroseconds}" : "")}");

    /// <summary>It is alive, and what it is doing.</summary>
    public static void Alive(string status) => Send($"WATCHDOG=1\nSTATUS={status}");

    /// <summary>It is on its way out.</summary>
    public static void Stopping() => Send("STOPPING=1");

    private static void Send(string message)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path)
        {
            return;
        }
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = 1000 };
            // An abstract socket is written with '@' for its leading zero byte.
            socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
            socket.Send(Encoding.UTF8.GetBytes(message));
        }
        catch (SocketException)
        {
            // The service manager is gone or restarting: it asks again.
        }
    }
}
