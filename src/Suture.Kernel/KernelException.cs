namespace Suture.Kernel;

/// <summary>What kind of trouble a <see cref="KernelException"/> is; decides the exit code.</summary>
public enum KernelFault
{
    /// <summary>Nothing of that name: a release, a package, a piece of a directory (exit 1).</summary>
    NotFound,

    /// <summary>The archive could not be reached or did not deliver (exit 1).</summary>
    Network,

    /// <summary>A file is there but damaged or not what it claims to be (exit 1).</summary>
    Broken,

    /// <summary>No room on the disk (exit 1).</summary>
    DiskFull,

    /// <summary>A program that is needed is missing or failed (exit 1).</summary>
    Tool,

    /// <summary>It is for another kernel or another compiler (exit 7).</summary>
    Mismatch,

    /// <summary>A checksum or signature is wrong (exit 8).</summary>
    Verification,
}

/// <summary>A kernel's pieces cannot be had or used: what is wrong, and what to do about it.</summary>
public sealed class KernelException(string message, string advice, KernelFault fault, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>What to do next, one line; may be empty.</summary>
    public string Advice { get; } = advice;

    /// <summary>What kind of trouble it is.</summary>
    public KernelFault Fault { get; } = fault;
}
