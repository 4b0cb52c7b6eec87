namespace Suture.Verify;

/// <summary>The relocation types of kernel code on x86-64 (System V ABI, AMD64 supplement).</summary>
public static class RelocationKind
{
    /// <summary>Does nothing.</summary>
    public const uint None = 0;

    /// <summary>64-bit address.</summary>
    public const uint Abs64 = 1;

    /// <summary>32-bit distance.</summary>
    public const uint Pc32 = 2;

    /// <summary>32-bit distance of a branch.</summary>
    public const uint Plt32 = 4;

    /// <summary>Bytes that are written; 0 for those unknown to the module loader.</summary>
    public static int Width(uint type) => type switch
    {
        Abs64 or 24 => 8,
        Pc32 or Plt32 or 10 or 11 or 9 or 41 or 42 => 4,
        _ => 0,
    };

    /// <summary>Whether the place is subtracted from the value.</summary>
    public static bool IsPcRelative(uint type) => type is Pc32 or Plt32 or 24 or 9 or 41 or 42;

    /// <summary>Whether two types have the same effect in a kernel module, which has no procedure linkage table.</summary>
    public static bool SameEffect(uint a, uint b) => a == b || (a is Pc32 or Plt32 && b is Pc32 or Plt32);
}
