namespace Suture.Build.Compile;

/// <summary>A 64-bit hash of tokens and of their sequences (FNV-1a, with a final mix of words).</summary>
internal static class TokenHash
{
    public const ulong Start = 0xcbf29ce484222325;
    private const ulong Prime = 0x100000001b3;

    public static ulong Of(ReadOnlySpan<byte> token)
    {
        var hash = Start;
        foreach (var b in token)
        {
            hash = (hash ^ b) * Prime;
        }
        return hash;
    }

    public static ulong Add(ulong sequence, ulong item)
    {
        var mixed = (sequence ^ item) * 0x9e3779b97f4a7c15;
        return (mixed ^ (mixed >> 29)) + Prime;
    }
}
