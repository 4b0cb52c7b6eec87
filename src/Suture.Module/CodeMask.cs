using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Suture.Module;

/// <summary>
/// Bytes of a function that the running kernel may have changed since it was compiled: addresses that move with the kernel, and places that
/// it patches at boot or later (alternatives, jump labels, static calls, returns, tracer calls). Written as <c>OFFSET+LENGTH</c> in
/// hexadecimal, in order, joined by commas: <c>0+5,1a+4</c>.
/// </summary>
public static class CodeMask
{
    /// <summary>The mask of <paramref name="ranges"/>, which may overlap and be in any order.</summary>
    public static string Of(IEnumerable<(int Offset, int Length)> ranges)
    {
        var text = new StringBuilder();
        (int Start, int End)? pending = null;
        foreach (var (offset, length) in ranges.Where(r => r.Length > 0).OrderBy(r => r.Offset))
        {
            if (pending is { } open && offset <= open.End)
            {
                pending = (open.Start, Math.Max(open.End, offset + length));
                continue;
            }
            Append(text, pending);
            pending = (offset, offset + length);
        }
        Append(text, pending);
        return text.ToString();
    }

    /// <summary>The ranges of <paramref name="mask"/>; null when it is malformed or reaches past <paramref name="size"/> bytes.</summary>
    public static IReadOnlyList<(int Offset, int Length)>? Parse(string mask, int size)
    {
        ArgumentNullException.ThrowIfNull(mask);
        var ranges = new List<(int, int)>();
        foreach (var word in mask.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var plus = word.IndexOf('+', StringComparison.Ordinal);
            if (plus < 0
                || !int.TryParse(word.AsSpan(0, plus), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var offset)
                || !int.TryParse(word.AsSpan(plus + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length)
                || offset < 0 || length < 0 || (long)offset + length > size)
            {
                return null;
            }
            ranges.Add((offset, length));
        }
        return ranges;
    }

    /// <summary>SHA-256 of <paramref name="code"/> with the bytes of <paramref name="mask"/> zeroed, in lower-case hexadecimal; null when the mask is malformed.</summary>
    public static string? Digest(ReadOnlySpan<byte> code, string mask)
    {
        if (Parse(mask, code.Length) is not { } ranges)
        {
            return null;
        }
        var masked = code.ToArray();
        foreach (var (offset, length) in ranges)
        {
            masked.AsSpan(offset, length).Clear();
        }
        return Convert.ToHexStringLower(SHA256.HashData(masked));
    }

    private static void Append(StringBuilder text, (int Start, int End)? range)
    {
        if (range is { } r)
        {
            text.Append(text.Length > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{r.Start:x}+{r.End - r.Start:x}");
        }
    }
}
