namespace Suture.Lab;

/// <summary>What the lab needs of a kernel.</summary>
/// <param name="Release">Its release, as in vermagic and <c>uname -r</c>.</param>
/// <param name="VmlinuzPath">The bootable image.</param>
/// <param name="ModulesInLoadOrder">
/// For a module name: the paths (.ko or .ko.xz) of the modules it needs and its own, in the order to load them; empty when
/// the kernel has no such module file.
/// </param>
public sealed record LabKernel(string Release, string VmlinuzPath, Func<string, IReadOnlyList<string>> ModulesInLoadOrder);
