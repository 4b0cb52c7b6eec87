namespace Suture.Build.Patches;

/// <summary>Finds a run of lines within a file: every exact match in linear time, and the nearest miss.</summary>
internal sealed class LineSearch
{
    private readonly Dictionary<ReadOnlyMemory<byte>, int> _ids = new(new ByteEquality());
    private readonly int[] _file;

    public LineSearch(IReadOnlyList<ReadOnlyMemory<byte>> lines) => _file = [.. lines.Select(Id)];

    /// <summary>Number of lines in the file.</summary>
    public int Count => _file.Length;

    /// <summary>All places (from 0, ascending) where the run stands; Knuth-Morris-Pratt, as a hostile patch may repeat one line for ever.</summary>
    public List<int> All(IReadOnlyList<ReadOnlyMemory<byte>> run)
    {
        var found = new List<int>();
        if (run.Count == 0 || run.Count > _file.Length)
        {
            return found;
        }
        var wanted = run.Select(Id).ToArray();
        var back = Failures(wanted);
        for (int i = 0, matched = 0; i < _file.Length; i++)
        {
            while (matched > 0 && (matched == wanted.Length || _file[i] != wanted[matched]))
            {
                matched = back[matched - 1];
            }
            matched += _file[i] == wanted[matched] ? 1 : 0;
            if (matched == wanted.Length)
            {
                found.Add(i - matched + 1);
            }
        }
        return found;
    }

    /// <summary>The place (from 0) with the most equal lines, the one nearest to <paramref name="expected"/> among equals; -1 when no line is equal.</summary>
    public int Nearest(IReadOnlyList<ReadOnlyMemory<byte>> run, int expected)
    {
        var wanted = run.Select(Id).ToArray();
        var reach = (int)Math.Min(_file.Length, PatchLimits.NearestComparisons / Math.Max(1, wanted.Length) / 2);
        var (best, bestEqual) = (-1, 0);
        var middle = Math.Min(expected, _file.Length);
        for (var start = Math.Max(0, middle - reach); start < Math.Min(_file.Length, middle + reach); start++)
        {
            var equal = 0;
            for (var i = 0; i < wanted.Length && start + i < _file.Length; i++)
            {
                equal += _file[start + i] == wanted[i] ? 1 : 0;
            }
            var nearer = Math.Abs(start - expected) < Math.Abs(best - expected);
            if (equal > bestEqual || (equal == bestEqual && equal > 0 && nearer))
            {
                (best, bestEqual) = (start, equal);
            }
        }
        return best;
    }

    private static int[] Failures(int[] wanted)
    {
        var back = new int[wanted.Length];
        for (int i = 1, matched = 0; i < wanted.Length; i++)
        {
            while (matched > 0 && wanted[i] != wanted[matched])
            {
                matched = back[matched - 1];
            }
            matched += wanted[i] == wanted[matched] ? 1 : 0;
            back[i] = matched;
        }
        return back;
    }

    private int Id(ReadOnlyMemory<byte> line)
    {
        if (!_ids.TryGetValue(line, out var id))
        {
            id = _ids.Count;
            _ids.Add(line, id);
        }
        return id;
    }

    private sealed class ByteEquality : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> line)
        {
            var hash = default(HashCode);
            hash.AddBytes(line.Span);
            return hash.ToHashCode();
        }
    }
}
