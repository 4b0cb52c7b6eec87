using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>Sends events to the host: one JSON document a line, from any thread, stamped with the uptime.</summary>
internal sealed class EventPort(SafeFileHandle port) : IDisposable
{
    private readonly Lock _lock = new();

    public void Send(GuestEvent value)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(value with { UptimeMs = Environment.TickCount64 }, ProtocolJson.Default.GuestEvent);
        lock (_lock)
        {
            RandomAccess.Write(port, [.. text, (byte)'\n'], 0);
        }
    }

    public void Dispose() => port.Dispose();
}
