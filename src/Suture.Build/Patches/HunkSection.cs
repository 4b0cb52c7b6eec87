using System.Text;

namespace Suture.Build.Patches;

/// <summary>
/// Whether a hunk lies in the function that its patch names after the second <c>@@</c>. Functions that were copied look alike: lines that are gone from the one may stand
/// in the other.
/// </summary>
internal static class HunkSection
{
    /// <summary>As many bytes of a line as any program writes there: diff -p 40, git 80.</summary>
    private const int MostCompared = 40;

    /// <summary>Lines above the hunk that are looked through.</summary>
    private const int MostLines = 5_000;

    /// <summary>What begins the function at <paramref name="start"/> when that is not what <paramref name="hunk"/> says; null when it is, or nothing can be told.</summary>
    public static string? Contradicts(Hunk hunk, IReadOnlyList<ReadOnlyMemory<byte>> lines, int start)
    {
        // Lines of the hunk itself that begin a function say more than what comes before them.
        if (hunk.Section.IsEmpty || hunk.Lines.TakeWhile(l => l.Kind == HunkLineKind.Context).Any(l => Begins(l.Text.Span)))
        {
            return null;
        }
        string? found = null;
        for (var i = start - 1; i >= Math.Max(0, start - MostLines); i--)
        {
            var line = lines[i].Span;
            if (!Begins(line))
            {
                continue;
            }
            if (AreSame(line, hunk.Section.Span))
            {
                return null;
            }
            found ??= Text(line);
            // Some programs take a label for the beginning of a function, others do not.
            if (!IsLabel(line))
            {
                return Text(line);
            }
        }
        return found;
    }

    /// <summary>A line for a message.</summary>
    public static string Text(ReadOnlySpan<byte> line) => Encoding.UTF8.GetString(line).Trim();

    private static bool AreSame(ReadOnlySpan<byte> line, ReadOnlySpan<byte> section)
    {
        ReadOnlySpan<byte> blanks = " \t\r\n"u8;
        var a = line.TrimEnd(blanks);
        var b = section.TrimEnd(blanks);
        var length = Math.Min(Math.Min(a.Length, b.Length), MostCompared);
        return a[..length].TrimEnd(blanks).SequenceEqual(b[..length].TrimEnd(blanks)) && (a.Length == b.Length || length >= MostCompared - 1);
    }

    private static bool Begins(ReadOnlySpan<byte> line) => line.Length > 0 && (char.IsAsciiLetter((char)line[0]) || line[0] is (byte)'_' or (byte)'$');

    private static bool IsLabel(ReadOnlySpan<byte> line)
    {
        var name = line.IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"u8);
        return name > 0 && line[name] == ':';
    }
}
