using System.Globalization;
using System.Text;

namespace Suture.Diff.Model;

/// <summary>
/// What KASAN's compiler writes about a function's stack frame, as text: the number of variables, and for each its offset,
/// size, and name, which newer compilers follow with the line of its declaration: <c>1 32 4 5 at:12</c>.
/// </summary>
internal static class StackDescription
{
    private const int MaxLength = 1 << 16;

    /// <summary>Whether both texts describe frames that are the same but for lines.</summary>
    public static bool Same(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) =>
        WithoutLines(a) is { } text && text == WithoutLines(b);

    /// <summary>The description without lines, or null when the text is none.</summary>
    public static string? WithoutLines(ReadOnlySpan<byte> literal)
    {
        if (literal.Length is < 2 or > MaxLength || !char.IsAsciiDigit((char)literal[0]))
        {
            return null;
        }
        var text = Encoding.Latin1.GetString(literal).TrimEnd('\0');
        var result = new StringBuilder();
        var at = 0;
        var count = Number(text, ref at) ?? 0;
        if (count is <= 0 or >= 1 << 12)
        {
            return null;
        }
        for (var i = 0; i < count; i++)
        {
            if (Number(text, ref at) is not { } offset || Number(text, ref at) is not { } size || Number(text, ref at) is not { } length
                || length <= 0 || at + length > text.Length)
            {
                return null;
            }
            var name = text.Substring(at, length);
            var colon = name.LastIndexOf(':');
            var isLine = colon > 0 && colon + 1 < name.Length && name.AsSpan(colon + 1).IndexOfAnyExceptInRange('0', '9') < 0;
            result.Append(CultureInfo.InvariantCulture, $"{offset} {size} {(isLine ? name[..colon] : name)};");
            at += length;
            if (at < text.Length && text[at++] != ' ')
            {
                return null;
            }
        }
        return at == text.Length ? result.ToString() : null;
    }

    /// <summary>The number at <paramref name="at"/> and the space after it; null when there is none.</summary>
    private static int? Number(string text, ref int at)
    {
        var end = at;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }
        if (end == text.Length || text[end] != ' ' || !int.TryParse(text.AsSpan(at, end - at), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return null;
        }
        at = end + 1;
        return value;
    }
}
