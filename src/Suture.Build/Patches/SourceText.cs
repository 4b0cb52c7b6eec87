namespace Suture.Build.Patches;

/// <summary>A file as lines that know where they come from, so that any number of patches in a row leave a true line map.</summary>
internal sealed class SourceText
{
    private readonly byte[]? _original;

    /// <summary>The file as the tree has it; null when it does not.</summary>
    public SourceText(byte[]? original)
    {
        _original = original;
        var lines = Split(original ?? []);
        Lines = [.. lines.Select((text, i) => new SourceLine(text, new LineOrigin(i + 1, null, 0)))];
    }

    public readonly record struct SourceLine(ReadOnlyMemory<byte> Text, LineOrigin Origin);

    public List<SourceLine> Lines { get; private set; }

    /// <summary>Replaces the old lines of each hunk, found at <paramref name="starts"/> (from 0, ascending), by its new ones.</summary>
    public void Replace(string patch, IReadOnlyList<Hunk> hunks, IReadOnlyList<int> starts)
    {
        var result = new List<SourceLine>(Lines.Count + 16);
        var at = 0;
        for (var h = 0; h < hunks.Count; h++)
        {
            result.AddRange(Lines[at..starts[h]]);
            at = starts[h];
            foreach (var line in hunks[h].Lines)
            {
                switch (line.Kind)
                {
                    case HunkLineKind.Context:
                        result.Add(Lines[at++]);
                        break;
                    case HunkLineKind.Removed:
                        at++;
                        break;
                    default:
                        result.Add(new SourceLine(line.Text, new LineOrigin(0, patch, line.PatchLine)));
                        break;
                }
            }
        }
        result.AddRange(Lines[at..]);
        Lines = result;
    }

    /// <summary>The outcome, with its line map; lines that a patch removes and adds again unchanged count as unchanged.</summary>
    public PatchedFile Finish(string path)
    {
        var original = Split(_original ?? []);
        var lines = Lines.ToArray();
        var regions = new List<ChangedRegion>();
        var (o, p) = (0, 0);
        while (o < original.Count || p < lines.Length)
        {
            if (p < lines.Length && lines[p].Origin.OriginalLine == o + 1)
            {
                (o, p) = (o + 1, p + 1);
                continue;
            }
            var (oEnd, pEnd) = (o, p);
            while (pEnd < lines.Length && lines[pEnd].Origin.IsAdded)
            {
                pEnd++;
            }
            oEnd = pEnd < lines.Length ? lines[pEnd].Origin.OriginalLine - 1 : original.Count;
            var region = Trim(original, lines, o, oEnd, p, pEnd);
            if (region.OriginalCount + region.PatchedCount > 0)
            {
                regions.Add(region);
            }
            (o, p) = (oEnd, pEnd);
        }
        return new PatchedFile(path, _original, Join(lines), [.. lines.Select(l => l.Origin)], regions);
    }

    private static ChangedRegion Trim(List<ReadOnlyMemory<byte>> original, SourceLine[] lines, int o, int oEnd, int p, int pEnd)
    {
        bool Same(int a, int b) => original[a].Span.SequenceEqual(lines[b].Text.Span);
        void Keep(int a, int b) => lines[b] = lines[b] with { Origin = new LineOrigin(a + 1, null, 0) };
        for (; o < oEnd && p < pEnd && Same(o, p); o++, p++)
        {
            Keep(o, p);
        }
        for (; o < oEnd && p < pEnd && Same(oEnd - 1, pEnd - 1); oEnd--, pEnd--)
        {
            Keep(oEnd - 1, pEnd - 1);
        }
        return new ChangedRegion(o + 1, oEnd - o, p + 1, pEnd - p);
    }

    /// <summary>Lines with their newlines; the last may lack one.</summary>
    public static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> bytes)
    {
        var lines = new List<ReadOnlyMemory<byte>>();
        while (!bytes.IsEmpty)
        {
            var end = bytes.Span.IndexOf((byte)'\n');
            var length = end < 0 ? bytes.Length : end + 1;
            lines.Add(bytes[..length]);
            bytes = bytes[length..];
        }
        return lines;
    }

    private static byte[] Join(SourceLine[] lines)
    {
        var bytes = new byte[lines.Sum(l => l.Text.Length)];
        var at = 0;
        foreach (var line in lines)
        {
            line.Text.Span.CopyTo(bytes.AsSpan(at));
            at += line.Text.Length;
        }
        return bytes;
    }
}
