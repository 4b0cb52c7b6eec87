namespace Suture.Build.Patches;

/// <summary>Goes through the lines of one patch, counting them.</summary>
internal sealed class PatchCursor
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private int _next;

    public PatchCursor(string name, byte[] bytes)
    {
        Name = name;
        if (bytes.Length > PatchLimits.PatchBytes)
        {
            throw new PatchFormatException(name, 0, $"{bytes.Length} bytes long; at most {PatchLimits.PatchBytes} are read");
        }
        _bytes = HasMailLineEnds(bytes) ? WithoutCarriageReturns(bytes) : bytes;
        Advance();
    }

    public string Name { get; }

    /// <summary>Number of the current line, from 1.</summary>
    public int Line { get; private set; }

    /// <summary>False behind the last line.</summary>
    public bool HasLine { get; private set; }

    /// <summary>The current line with its newline.</summary>
    public ReadOnlyMemory<byte> Raw { get; private set; }

    /// <summary>The current line without its newline.</summary>
    public ReadOnlySpan<byte> Text => Raw.Span.TrimEnd((byte)'\n');

    public bool StartsWith(ReadOnlySpan<byte> prefix) => HasLine && Raw.Span.StartsWith(prefix);

    public void Advance()
    {
        HasLine = _next < _bytes.Length;
        Line++;
        if (!HasLine)
        {
            Raw = default;
            return;
        }
        var end = _bytes.Span[_next..].IndexOf((byte)'\n');
        var length = end < 0 ? _bytes.Length - _next : end + 1;
        Raw = _bytes.Slice(_next, length);
        _next += length;
    }

    /// <summary>The line after the current one, to decide what this one is.</summary>
    public ReadOnlySpan<byte> Peek()
    {
        var rest = _bytes.Span[_next..];
        var end = rest.IndexOf((byte)'\n');
        return end < 0 ? rest : rest[..end];
    }

    public PatchFormatException Fault(string what) => new(Name, Line, what);

    /// <summary>
    /// A patch sent through mail may have got CR LF on every line, its own headers included; a patch of a
    /// file with CR LF has them on the file's lines only, and these must stay.
    /// </summary>
    private static bool HasMailLineEnds(ReadOnlySpan<byte> bytes)
    {
        var header = bytes.StartsWith("@@ -"u8) ? 0 : bytes.IndexOf("\n@@ -"u8) + 1;
        var end = bytes[header..].IndexOf((byte)'\n');
        return end > 0 && bytes[header + end - 1] == (byte)'\r';
    }

    private static byte[] WithoutCarriageReturns(ReadOnlySpan<byte> bytes)
    {
        var kept = new byte[bytes.Length];
        var length = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != (byte)'\r' || i + 1 == bytes.Length || bytes[i + 1] != (byte)'\n')
            {
                kept[length++] = bytes[i];
            }
        }
        return kept[..length];
    }
}
