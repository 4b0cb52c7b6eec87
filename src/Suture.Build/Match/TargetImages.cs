using Suture.Kernel;

namespace Suture.Build.Match;

/// <summary>Opens the image of an object of a kernel.</summary>
public static class TargetImages
{
    /// <summary>The image of <paramref name="owner"/>: "vmlinux" or a module name.</summary>
    /// <exception cref="KernelException">The kernel has no such module.</exception>
    public static ITargetImage Open(KernelBuild kernel, string owner)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return owner == "vmlinux"
            ? new VmlinuxImage(kernel.Image, kernel.Symbols)
            : new ModuleImage(owner, kernel.Modules.ReadObject(owner));
    }
}
