using System.Text.Json;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>Sends events to the host: one JSON document a line, stamped with the uptime.</summary>
internal sealed class EventPort(Stream port) : IDisposable
{
    public void Send(GuestEvent value)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(value with { UptimeMs = Environment.TickCount64 }, ProtocolJson.Default.GuestEvent);
        port.Write([.. text, (byte)'\n']);
    }

    public void Dispose() => port.Dispose();
}
