using System.Collections.Concurrent;
using Suture.Kernel;

namespace Suture.Build.Match;

/// <summary>The images of a kernel's objects, each opened once, when first asked for. Thread-safe.</summary>
public sealed class TargetImages(KernelBuild kernel)
{
    private readonly ConcurrentDictionary<string, Lazy<ITargetImage>> _images = new(StringComparer.Ordinal);

    /// <summary>The image of <paramref name="owner"/>: "vmlinux" or a module name.</summary>
    /// <exception cref="KernelException">The kernel has no such module.</exception>
    public ITargetImage Of(string owner) => _images.GetOrAdd(owner, name => new Lazy<ITargetImage>(() => name == "vmlinux"
        ? new VmlinuxImage(kernel.Image, kernel.Symbols)
        : new ModuleImage(name, kernel.Modules.ReadObject(name)))).Value;
}
