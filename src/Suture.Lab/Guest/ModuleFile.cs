namespace Suture.Lab.Guest;

/// <summary>A kernel's module file, plain or compressed.</summary>
internal static class ModuleFile
{
    /// <summary>Its bytes, decompressed: the lab loads with finit_module, and not every kernel decompresses there.</summary>
    public static async Task<byte[]> ReadAsync(string path, CancellationToken cancel) => Path.GetExtension(path) switch
    {
        ".xz" => await ExternalProgram.OutputAsync("xz", ["-dc", path], "xz-utils", cancel),
        ".zst" => await ExternalProgram.OutputAsync("zstd", ["-dcq", path], "zstd", cancel),
        ".gz" => await ExternalProgram.OutputAsync("gzip", ["-dc", path], "gzip", cancel),
        _ => await File.ReadAllBytesAsync(path, cancel),
    };
}
