namespace Suture.Kernel;

/// <summary>Orders kernel releases and versions as people do: runs of digits by their number, the rest by character.</summary>
public sealed class ReleaseOrder : IComparer<string>
{
    /// <summary>The one there is.</summary>
    public static ReleaseOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        ReadOnlySpan<char> a = x, b = y;
        while (!a.IsEmpty && !b.IsEmpty)
        {
            var digitsA = Digits(a);
            var digitsB = Digits(b);
            var order = digitsA > 0 && digitsB > 0 ? CompareNumbers(a[..digitsA], b[..digitsB]) : a[0].CompareTo(b[0]);
            if (order != 0)
            {
                return order;
            }
            a = a[Math.Max(digitsA, 1)..];
            b = b[Math.Max(digitsB, 1)..];
        }
        return a.Length.CompareTo(b.Length);
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }

    private static int CompareNumbers(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        a = a.TrimStart('0');
        b = b.TrimStart('0');
        return a.Length != b.Length ? a.Length.CompareTo(b.Length) : a.SequenceCompareTo(b);
    }
}
