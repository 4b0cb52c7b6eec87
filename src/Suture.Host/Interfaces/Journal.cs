using System.Net.Sockets;
using System.Text;

namespace Suture.Host.Interfaces;

/// <summary>One line in the system's log through /dev/log (syslog(3)'s format), which journald and every syslog daemon listen to. Best effort: a machine without one loses nothing else.</summary>
public static class Journal
{
    /// <summary>A warning (LOG_WARNING) of facility daemon.</summary>
    public static void Warning(string text) => Write(24 + 4, text);

    /// <summary>An error (LOG_ERR) of facility daemon.</summary>
    public static void Error(string text) => Write(24 + 3, text);

    /// <summary>A notice (LOG_NOTICE) of facility daemon.</summary>
    public static void Notice(string text) => Write(24 + 5, text);

    private static void Write(int priority, string text)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = 1000 };
            socket.Connect(new UnixDomainSocketEndPoint("/dev/log"));
            socket.Send(Encoding.UTF8.GetBytes($"<{priority}>suture[{Environment.ProcessId}]: {text.ReplaceLineEndings(" ")}"));
        }
        catch (SocketException)
        {
            // No log daemon, as early at boot.
        }
    }
}
