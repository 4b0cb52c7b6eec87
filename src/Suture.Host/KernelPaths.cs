namespace Suture.Host;

/// <summary>Where the kernel's file interfaces are mounted. Tests point it at a directory tree of their own.</summary>
/// <param name="Sys">Mount point of sysfs.</param>
/// <param name="Proc">Mount point of procfs.</param>
/// <param name="KernelLog">The kernel log's device.</param>
/// <param name="Installed">Where each installed kernel has a directory of its release.</param>
public sealed record KernelPaths(string Sys = "/sys", string Proc = "/proc", string KernelLog = "/dev/kmsg", string Installed = "/lib/modules")
{
    /// <summary>Directory with one directory per livepatch (Documentation/ABI/testing/sysfs-kernel-livepatch).</summary>
    public string Livepatches => Path.Combine(Sys, "kernel/livepatch");

    /// <summary>The list of loaded modules.</summary>
    public string Modules => Path.Combine(Proc, "modules");

    /// <summary>The kernel's symbols and their addresses.</summary>
    public string Symbols => Path.Combine(Proc, "kallsyms");

    /// <summary>The kernel's memory.</summary>
    public string Core => Path.Combine(Proc, "kcore");
}
