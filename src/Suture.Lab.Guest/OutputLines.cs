using System.Text;

namespace Suture.Lab.Guest;

/// <summary>Reads the lines that a growing file gains.</summary>
internal sealed class OutputLines(string path)
{
    private const int MaxLineBytes = 500;

    private readonly byte[] _buffer = new byte[4096];
    private readonly List<byte> _line = [];
    private long _offset;

    /// <summary>Gives each complete line since the last call; also an incomplete last one when <paramref name="atEnd"/>. Long lines are cut.</summary>
    public void Read(bool atEnd, Action<string> line)
    {
        if (File.Exists(path))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            file.Seek(_offset, SeekOrigin.Begin);
            // No further than now: a writer that is faster would never let go of who has a bound to keep.
            var end = file.Length;
            while (_offset < end && file.Read(_buffer) is > 0 and var count)
            {
                _offset += count;
                foreach (var b in _buffer.AsSpan(0, count))
                {
                    if (b == '\n')
                    {
                        End(line);
                    }
                    else if (_line.Count < MaxLineBytes)
                    {
                        _line.Add(b);
                    }
                }
            }
        }
        if (atEnd)
        {
            End(line);
        }
    }

    private void End(Action<string> line)
    {
        if (_line.Count > 0)
        {
            line(Encoding.UTF8.GetString(_line.ToArray()));
            _line.Clear();
        }
    }
}
