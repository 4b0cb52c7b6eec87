namespace Suture.Kernel;

/// <summary>A module that belongs to a kernel build.</summary>
/// <param name="Name">As in /proc/modules, that is with '_' for '-'.</param>
/// <param name="Path">The file, perhaps compressed (.ko, .ko.xz, .ko.zst, .ko.gz).</param>
/// <param name="Dependencies">Every module to load first, in loading order, itself not among them.</param>
public sealed record KernelModule(string Name, string Path, IReadOnlyList<string> Dependencies)
{
    /// <summary>The module's name from a path with or without an extension: "fs/nls/nls_iso8859-1.ko.xz" is nls_iso8859_1.</summary>
    public static string NameOf(string path)
    {
        var name = System.IO.Path.GetFileName(path);
        var extension = name.IndexOf(".ko", StringComparison.Ordinal);
        return (extension > 0 ? name[..extension] : name).Replace('-', '_');
    }
}
