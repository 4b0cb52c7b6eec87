using System.Text;

namespace Suture.Build.Patches;

/// <summary>Reads file names as diff and git write them: with a prefix, quoted like C, followed by a time.</summary>
internal static class PatchNames
{
    /// <summary>The name on a <c>---</c> or <c>+++</c> line, or null for <c>/dev/null</c>.</summary>
    public static string? FromHeader(PatchCursor at, ReadOnlySpan<byte> rest)
    {
        // diff puts a tab before the time; git puts one behind a name that has a space in it.
        string name;
        if (rest.StartsWith("\""u8))
        {
            name = Quoted(at, rest, out _);
        }
        else
        {
            var tab = rest.IndexOf((byte)'\t');
            name = Plain(at, (tab < 0 ? rest : rest[..tab]).TrimEnd((byte)' '));
        }
        return name == "/dev/null" ? null : name;
    }

    /// <summary>A name that takes the whole rest of a line (<c>rename from …</c>).</summary>
    public static string Whole(PatchCursor at, ReadOnlySpan<byte> rest) =>
        rest.StartsWith("\""u8) ? Quoted(at, rest, out _) : Plain(at, rest);

    /// <summary>Both names of a <c>diff --git</c> line; null when they cannot be told apart (then later lines give them).</summary>
    public static (string Old, string New)? FromGitLine(PatchCursor at, ReadOnlySpan<byte> rest)
    {
        if (rest.StartsWith("\""u8))
        {
            var old = Quoted(at, rest, out var used);
            return used < rest.Length && rest[used] == ' ' ? (old, Whole(at, rest[(used + 1)..])) : null;
        }
        var quote = rest.IndexOf(" \""u8);
        if (quote > 0)
        {
            return (Plain(at, rest[..quote]), Quoted(at, rest[(quote + 1)..], out _));
        }
        // Unquoted names may hold spaces: without a rename both are the same but for the prefix.
        for (var i = 0; i < Math.Min(rest.Length, PatchLimits.NameBytes); i++)
        {
            if (rest[i] == ' ' && Bare(rest[..i]).SequenceEqual(Bare(rest[(i + 1)..])))
            {
                return (Plain(at, rest[..i]), Plain(at, rest[(i + 1)..]));
            }
        }
        return null;
    }

    private static ReadOnlySpan<byte> Bare(ReadOnlySpan<byte> name) =>
        name.StartsWith("a/"u8) || name.StartsWith("b/"u8) ? name[2..] : name;

    private static string Plain(PatchCursor at, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > PatchLimits.NameBytes)
        {
            throw at.Fault(bytes.Length == 0 ? "a file name is missing" : "the file name is too long");
        }
        if (bytes.ContainsAnyInRange((byte)0, (byte)0x1f))
        {
            throw at.Fault("the file name has a control character in it");
        }
        return Encoding.UTF8.GetString(bytes);
    }

    private static string Quoted(PatchCursor at, ReadOnlySpan<byte> text, out int used)
    {
        var bytes = new List<byte>();
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                used = i + 1;
                return Plain(at, bytes.ToArray());
            }
            if (text[i] != '\\')
            {
                bytes.Add(text[i]);
                continue;
            }
            i++;
            bytes.Add(Escape(at, text, ref i));
        }
        throw at.Fault("the quoted file name does not end");
    }

    private static byte Escape(PatchCursor at, ReadOnlySpan<byte> text, ref int i)
    {
        if (i < text.Length && text[i] is (byte)'"' or (byte)'\\')
        {
            return text[i];
        }
        if (i + 2 < text.Length && text[i] is >= (byte)'0' and <= (byte)'3'
            && text[i + 1] is >= (byte)'0' and <= (byte)'7' && text[i + 2] is >= (byte)'0' and <= (byte)'7')
        {
            var value = (text[i] - '0') * 64 + (text[i + 1] - '0') * 8 + (text[i + 2] - '0');
            i += 2;
            return (byte)value;
        }
        throw at.Fault("the quoted file name has an escape that cannot be read");
    }
}
