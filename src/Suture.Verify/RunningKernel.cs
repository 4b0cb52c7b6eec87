namespace Suture.Verify;

/// <summary>The kernel that a livepatch is for, as far as the verifier looks at it.</summary>
public interface IRunningKernel
{
    /// <summary>Its release.</summary>
    string Release { get; }

    /// <summary>Build-id of its image.</summary>
    string BuildId { get; }

    /// <summary>Whether it has the processor check where indirect calls and jumps lead (CONFIG_X86_KERNEL_IBT).</summary>
    bool ChecksIndirectBranches { get; }

    /// <summary>Link address and nm type letter of every symbol of that name in the image, in kallsyms order.</summary>
    IReadOnlyList<(ulong Address, char Type)> Find(string name);

    /// <summary>The bytes of the image at a link address; false when the file does not hold them all.</summary>
    bool TryRead(ulong address, int length, out ReadOnlySpan<byte> bytes);

    /// <summary>The module <paramref name="name"/> as shipped, or null when there is none.</summary>
    RelocatableFile? Module(string name);

    /// <summary>Who exports <paramref name="name"/> ("vmlinux" or a module name) and the checksum of its declaration; null when nobody does.</summary>
    (string Owner, uint Crc)? Export(string name);
}
