using System.Buffers.Binary;
using System.Text;

namespace Suture.Verify;

/// <summary>The checksums of exported symbols that a module was built with (__versions; struct modversion_info: 8 bytes of checksum, 56 of name).</summary>
internal static class SymbolVersions
{
    private const int EntrySize = 64;
    private const int NameSize = 56;

    public static Dictionary<string, uint> Of(RelocatableFile module)
    {
        var versions = new Dictionary<string, uint>(StringComparer.Ordinal);
        var bytes = module.Find("__versions") is { } section ? module.BytesOf(section) : default;
        for (var at = 0; at + EntrySize <= bytes.Length; at += EntrySize)
        {
            var name = bytes.Slice(at + EntrySize - NameSize, NameSize);
            versions[Encoding.ASCII.GetString(name[..(name.IndexOf((byte)0) is >= 0 and var end ? end : NameSize)])] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
        }
        return versions;
    }

    /// <summary>Every exported symbol that the module uses has its checksum, and the loader's own symbol has; names too long for the table have none.</summary>
    public static void Check(RelocatableFile module, Manifest manifest, CheckReport report)
    {
        if (manifest.Versions is not { } wanted)
        {
            return;
        }
        var actual = Of(module);
        foreach (var name in module.Symbols.Where(s => s is { Place: SymbolPlace.Undefined, Name.Length: > 0 }).Select(s => s.Name).Append("module_layout").Where(n => n.Length < NameSize))
        {
            report.Expect("info", wanted.TryGetValue(name, out var crc) ? actual.TryGetValue(name, out var has) && has == crc : name == "module_layout",
                () => $"__versions does not have the checksum of '{name}'");
        }
    }
}
