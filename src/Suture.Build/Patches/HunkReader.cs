using System.Buffers.Text;

namespace Suture.Build.Patches;

/// <summary>Reads one hunk: its <c>@@ -a,b +c,d @@</c> line and exactly the lines that it counts.</summary>
internal static class HunkReader
{
    public static Hunk Read(PatchCursor at, ref int hunkLinesLeft)
    {
        var headerLine = at.Line;
        var header = Header(at);
        at.Advance();
        var lines = new List<HunkLine>();
        var (old, @new) = (header.OldCount, header.NewCount);
        while (old > 0 || @new > 0)
        {
            if (--hunkLinesLeft < 0)
            {
                throw at.Fault($"more than {PatchLimits.HunkLines} lines in hunks");
            }
            var line = Line(at, old, @new);
            if (line is null)
            {
                WithoutNewline(at, lines);
            }
            else
            {
                lines.Add(line.Value);
                old -= line.Value.Kind != HunkLineKind.Added ? 1 : 0;
                @new -= line.Value.Kind != HunkLineKind.Removed ? 1 : 0;
            }
            at.Advance();
        }
        while (at.StartsWith("\\ "u8))
        {
            WithoutNewline(at, lines);
            at.Advance();
        }
        RefuseUncountedLine(at);
        return new Hunk(headerLine, header.OldStart, lines) { Section = header.Section };
    }

    private static HunkLine? Line(PatchCursor at, int old, int @new)
    {
        if (!at.HasLine)
        {
            throw at.Fault($"the patch ends within a hunk: {Missing(old, @new)}");
        }
        var raw = at.Raw;
        // Mail programs strip the blank of an empty context line.
        var kind = raw.Span[0] switch
        {
            (byte)' ' => HunkLineKind.Context,
            (byte)'\n' or (byte)'\t' => HunkLineKind.Context,
            (byte)'-' => HunkLineKind.Removed,
            (byte)'+' => HunkLineKind.Added,
            (byte)'\\' => (HunkLineKind?)null,
            _ => throw at.Fault($"this line is not part of a diff, but the hunk is not complete: {Missing(old, @new)}"),
        };
        if (kind is null)
        {
            return null;
        }
        if ((kind != HunkLineKind.Added && old == 0) || (kind != HunkLineKind.Removed && @new == 0))
        {
            throw at.Fault($"the hunk's header counts other lines than follow it: {Missing(old, @new)}");
        }
        var text = raw.Span[0] is (byte)'\n' or (byte)'\t' ? raw : raw[1..];
        if (text.Length == 0 || text.Span[^1] != (byte)'\n')
        {
            // The patch itself lacks its last newline; the file's line does not.
            text = (byte[])[.. text.Span, (byte)'\n'];
        }
        return new HunkLine(kind.Value, text, at.Line);
    }

    private static string Missing(int old, int @new) => $"{old} old and {@new} new lines are missing";

    /// <summary>"\ No newline at end of file" is about the line before it.</summary>
    private static void WithoutNewline(PatchCursor at, List<HunkLine> lines)
    {
        if (lines.Count == 0)
        {
            throw at.Fault("\"\\ No newline at end of file\" with no line before it");
        }
        var last = lines[^1];
        if (last.Text.Length > 0 && last.Text.Span[^1] == (byte)'\n')
        {
            lines[^1] = last with { Text = last.Text[..^1] };
        }
    }

    /// <summary>A line that the header did not count would be lost without a word: patch(1) takes it for a comment.</summary>
    private static void RefuseUncountedLine(PatchCursor at)
    {
        var added = at.StartsWith("+"u8) && !at.StartsWith("+++ "u8);
        var removed = at.StartsWith("-"u8) && !at.StartsWith("--- "u8) && !at.Text.TrimEnd((byte)' ').SequenceEqual("--"u8)
            && !at.Text.SequenceEqual("---"u8);
        if (added || removed)
        {
            throw at.Fault("the hunk before this line is complete by its header, yet more changed lines follow");
        }
    }

    private static (int OldStart, int OldCount, int NewCount, ReadOnlyMemory<byte> Section) Header(PatchCursor at)
    {
        var rest = at.Text["@@ -"u8.Length..];
        var (oldStart, oldCount) = Range(at, ref rest);
        if (!rest.StartsWith(" +"u8))
        {
            throw at.Fault("the hunk header is not of the form @@ -a,b +c,d @@");
        }
        rest = rest[2..];
        var (_, newCount) = Range(at, ref rest);
        if (!rest.StartsWith(" @@"u8))
        {
            throw at.Fault("the hunk header is not of the form @@ -a,b +c,d @@");
        }
        if (oldStart == 0 && oldCount > 0)
        {
            throw at.Fault("the hunk begins at line 0, but lines count from 1");
        }
        return (oldStart, oldCount, newCount, rest[" @@"u8.Length..].Trim((byte)' ').ToArray());
    }

    private static (int Start, int Count) Range(PatchCursor at, ref ReadOnlySpan<byte> rest)
    {
        var start = Number(at, ref rest);
        if (!rest.StartsWith(","u8))
        {
            return (start, 1);
        }
        rest = rest[1..];
        return (start, Number(at, ref rest));
    }

    private static int Number(PatchCursor at, ref ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty || !char.IsAsciiDigit((char)rest[0]) || !Utf8Parser.TryParse(rest, out int value, out var used)
            || value > PatchLimits.LineNumber)
        {
            throw at.Fault($"the hunk header has a number that is not one, or above {PatchLimits.LineNumber}");
        }
        rest = rest[used..];
        return value;
    }
}
