using Suture.Elf;

namespace Suture.Kernel;

/// <summary>Makes the files that are derived from a kernel image: the image unpacked, and its symbols as text.</summary>
internal static class KernelImage
{
    /// <summary>
    /// Unpacks <paramref name="vmlinuz"/> to <paramref name="imagePath"/> and its symbols to <paramref name="mapPath"/>;
    /// gives back the build-id. <paramref name="systemMap"/> is for images whose symbol table cannot be read.
    /// </summary>
    public static string Derive(string vmlinuz, KernelConfig config, string? systemMap, string imagePath, string mapPath)
    {
        var bytes = BootImage.Unpack(vmlinuz);
        var image = ElfImage.Read(bytes, vmlinuz);
        File.WriteAllBytes(imagePath, bytes);
        var symbols = Kallsyms.Read(bytes, config.IsSet("CONFIG_KALLSYMS_ABSOLUTE_PERCPU"))
            ?? ReadSystemMap(systemMap)
            ?? throw new KernelException($"{vmlinuz}: no symbol table found in the kernel image, and no System.map beside it",
                "a livepatch needs a kernel with CONFIG_KALLSYMS_ALL=y; for one whose table is not understood put its System.map there", KernelFault.Broken);
        using (var map = new StreamWriter(mapPath))
        {
            symbols.Write(map);
        }
        return image.BuildId() ?? throw new KernelException($"{vmlinuz}: the kernel image has no build-id",
            "it must be linked with --build-id, as kernels since 4.3 are", KernelFault.Broken);
    }

    private static SystemMap? ReadSystemMap(string? path)
    {
        if (path is null || !File.Exists(path))
        {
            return null;
        }
        var map = SystemMap.Parse(File.ReadAllBytes(path), path);
        // Debian ships a single line that says where the real one is.
        return map.All.Count > 1000 ? map : null;
    }
}
