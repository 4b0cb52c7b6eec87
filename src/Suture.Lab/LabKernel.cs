using System.Buffers.Binary;
using System.Text;
using Suture.Kernel;

namespace Suture.Lab;

/// <summary>What the lab needs of a kernel: less than a build needs.</summary>
/// <param name="Release">Its release, as in vermagic and <c>uname -r</c>.</param>
/// <param name="VmlinuzPath">The bootable image.</param>
/// <param name="Modules">Its modules.</param>
public sealed record LabKernel(string Release, string VmlinuzPath, ModuleSet Modules)
{
    private const int HeaderBytes = 1 << 16;

    /// <summary>Gives the symbols of its image; null when they cannot be read. May take seconds.</summary>
    public Func<SystemMap?> Symbols { get; init; } = () => null;

    /// <summary>A kernel that is prepared for builds.</summary>
    public static LabKernel From(KernelBuild kernel) => new(kernel.Release, kernel.VmlinuzPath, kernel.Modules) { Symbols = () => kernel.Symbols };

    /// <summary>
    /// A directory as a linux-image package unpacks (boot/vmlinuz-RELEASE, lib/modules/RELEASE): no sources are needed
    /// to try a livepatch. Null when <paramref name="directory"/> is not one.
    /// </summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static LabKernel? FromUnpackedImage(string directory)
    {
        var boot = Path.Combine(directory, "boot");
        var images = Directory.Exists(boot) ? Directory.GetFiles(boot, "vmlinuz-*") : [];
        if (images is not [var image] || ReleaseOf(image) is not { } release)
        {
            return null;
        }
        var modules = Path.Combine(directory, "lib/modules", release);
        return Directory.Exists(modules)
            ? new LabKernel(release, image, ModuleSet.Scan(modules)) { Symbols = () => ReadSymbols(image, Path.Combine(boot, $"config-{release}")) }
            : null;
    }

    private static SystemMap? ReadSymbols(string image, string config) => File.Exists(config)
        ? Kallsyms.Read(BootImage.Unpack(image), KernelConfig.ReadFile(config).IsSet("CONFIG_KALLSYMS_ABSOLUTE_PERCPU"))
        : null;

    /// <summary>
    /// The release in a bzImage's setup header: "HdrS" at 0x202, at 0x20e the place of the version string less 0x200
    /// (Documentation/arch/x86/boot.rst). Null when it is no bzImage.
    /// </summary>
    public static string? ReleaseOf(string vmlinuz)
    {
        var header = new byte[HeaderBytes];
        int count;
        using (var file = File.OpenRead(vmlinuz))
        {
            count = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        }
        if (count < 0x210 || !header.AsSpan(0x202, 4).SequenceEqual("HdrS"u8))
        {
            return null;
        }
        var at = 0x200 + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x20e));
        var length = at < count ? header.AsSpan(at, count - at).IndexOfAny((byte)' ', (byte)0) : -1;
        return length > 0 ? Encoding.ASCII.GetString(header, at, length) : null;
    }
}
