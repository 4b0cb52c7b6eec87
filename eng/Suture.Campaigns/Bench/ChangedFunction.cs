namespace Suture.Campaigns.Bench;

/// <summary>Puts one instruction into the middle one of a source's functions, so that a pair of objects differs in one function, as a fix's does.</summary>
internal static class ChangedFunction
{
    /// <summary>The changed source; null when no function of the usual layout is found.</summary>
    public static byte[]? In(byte[] source)
    {
        // A function's body begins with a brace alone at the start of a line, below a line that ends with the closing bracket of its parameters.
        var places = new List<int>();
        for (var at = source.AsSpan().IndexOf(")\n{\n"u8); at >= 0;)
        {
            places.Add(at + ")\n{\n".Length);
            var next = source.AsSpan(places[^1]).IndexOf(")\n{\n"u8);
            at = next < 0 ? -1 : places[^1] + next;
        }
        if (places.Count == 0)
        {
            return null;
        }
        var place = places[places.Count / 2];
        return [.. source.AsSpan(0, place), .. "asm volatile(\"nop\");\n"u8, .. source.AsSpan(place)];
    }
}
