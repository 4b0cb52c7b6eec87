namespace Suture.Host;

/// <summary>What an errno of the module system calls means and where to look (kernel/module/main.c, kernel/livepatch/core.c).</summary>
public static class ModuleErrors
{
    /// <summary>A file that does not exist; for finit_module also a symbol that nothing exports.</summary>
    public const int NoEntry = 2;

    /// <summary>EAGAIN, EWOULDBLOCK: the module is still in use.</summary>
    public const int WouldBlock = 11;

    /// <summary>EBUSY.</summary>
    public const int Busy = 16;

    /// <summary>EEXIST: a module of that name is loaded.</summary>
    public const int Exists = 17;

    /// <summary>Whether finit_module's errno says that a signature is missing, malformed, or not of a key that the kernel trusts.</summary>
    public static bool IsOfSignature(int errno) => errno is 74 or (>= 126 and <= 129);

    /// <summary>One sentence on why finit_module failed, ending with what to look at.</summary>
    public static string OfLoad(int errno) => errno switch
    {
        1 => "the kernel forbids it (EPERM): root with CAP_SYS_MODULE is needed, and kernel.modules_disabled must be 0",
        NoEntry => "a symbol is not to be found in the running kernel (ENOENT): the kernel log names it",
        8 => "the kernel refuses the module format (ENOEXEC): another kernel's vermagic, a symbol version that disagrees, "
            + "or a malformed section or relocation; the kernel log says which",
        12 => "the kernel has no memory for the module (ENOMEM)",
        WouldBlock => "the kernel could not load it now (EAGAIN): try again",
        Busy => "the kernel is busy (EBUSY): another livepatch is in transition, or a module of that name is going away",
        Exists => "a module of that name is already loaded (EEXIST)",
        22 => "the kernel finds the livepatch invalid (EINVAL): a function it names is not in the kernel, its symbol position "
            + "is ambiguous, or it is not compatible with a livepatch already there; the kernel log says which",
        19 => "the kernel has no such device, or was built without livepatching (ENODEV)",
        38 => "the kernel has no loadable modules or no livepatching (ENOSYS)",
        74 => "the signature is malformed (EBADMSG)",
        126 => "the key that signed the module is not known to the kernel (ENOKEY), and it enforces signatures",
        127 => "the signing key has expired (EKEYEXPIRED)",
        128 => "the signing key is revoked (EKEYREVOKED)",
        129 => "the kernel rejects the module's signature (EKEYREJECTED): signatures are enforced, and it has none, or one by a key that the kernel does not know, or it was changed after signing; the kernel log says which",
        _ => $"the kernel refuses the module (errno {errno}); see the kernel log",
    };

    /// <summary>One sentence on why delete_module failed.</summary>
    public static string OfUnload(int errno) => errno switch
    {
        1 => "the kernel forbids it (EPERM): root with CAP_SYS_MODULE is needed",
        NoEntry => "no module of that name is loaded (ENOENT)",
        WouldBlock => "the module is still in use (EWOULDBLOCK): another module depends on it, or a transition is not over",
        Busy => "the module cannot be unloaded (EBUSY): it is still starting, or its transition was forced",
        _ => $"the kernel does not unload the module (errno {errno}); see the kernel log",
    };
}
