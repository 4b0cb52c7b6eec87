using System.Text.Json;
using Suture.Lab.Protocol;

namespace Suture.Lab.Machine;

/// <summary>
/// Reads the guest's events from the bytes of a serial port. The guest runs code under test, so nothing it sends is
/// trusted: lines have a bound, and what is no event is passed over.
/// </summary>
internal sealed class EventLines(Stream port)
{
    private const int MaxLineBytes = 64 * 1024;

    /// <summary>Thirty days: no trial takes longer.</summary>
    private const long MostMs = 30L * 24 * 60 * 60 * 1000;

    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly List<byte> _line = [];
    private int _start;
    private int _end;
    private bool _tooLong;

    /// <summary>The next event; null at the end of the stream.</summary>
    public async Task<GuestEvent?> NextAsync(CancellationToken cancel)
    {
        while (true)
        {
            if (_start == _end)
            {
                _start = 0;
                _end = await port.ReadAsync(_buffer, cancel);
                if (_end == 0)
                {
                    return null;
                }
            }
            var rest = _buffer.AsMemory(_start, _end - _start);
            var newline = rest.Span.IndexOf((byte)'\n');
            var part = newline < 0 ? rest : rest[..newline];
            _tooLong |= _line.Count + part.Length > MaxLineBytes;
            if (!_tooLong)
            {
                _line.AddRange(part.Span);
            }
            _start += part.Length + (newline < 0 ? 0 : 1);
            if (newline >= 0)
            {
                var value = _tooLong ? null : Parse(_line.ToArray());
                _line.Clear();
                _tooLong = false;
                if (value is not null)
                {
                    return value;
                }
            }
        }
    }

    private static GuestEvent? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return line is [(byte)'{', ..] && JsonSerializer.Deserialize(line, ProtocolJson.Default.GuestEvent) is
            { Trial: >= 0, UptimeMs: >= 0 and < MostMs, BoundMs: >= 0 and < MostMs } value ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
