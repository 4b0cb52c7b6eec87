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

    /// <summary>32-bit address, zero-extended.</summary>
    public const uint Abs32 = 10;

    /// <summary>32-bit address, sign-extended.</summary>
    public const uint Abs32Signed = 11;

    /// <summary>64-bit distance.</summary>
    public const uint Pc64 = 24;

    /// <summary>Bytes that are written; 0 for those that the module loader does not apply (__write_relocate_add in arch/x86/kernel/module.c): it has no global offset table, say.</summary>
    public static int Width(uint type) => type switch
    {
        Abs64 or Pc64 => 8,
        Pc32 or Plt32 or Abs32 or Abs32Signed => 4,
        _ => 0,
    };

    /// <summary>Whether the place is subtracted from the value.</summary>
    public static bool IsPcRelative(uint type) => type is Pc32 or Plt32 or Pc64;

    /// <summary>Whether two types have the same effect in a kernel module, which has no procedure linkage table.</summary>
    public static bool SameEffect(uint a, uint b) => a == b || (a is Pc32 or Plt32 && b is Pc32 or Plt32);
}
