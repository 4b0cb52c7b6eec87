using System.Buffers.Binary;
using System.Text;
using Suture.Elf;
using Suture.Kernel;
using static Suture.Build.Link.ModuleTemplate;

namespace Suture.Build.Link;

/// <summary>What the module loader reads about a module: its name, .modinfo and __versions.</summary>
internal static class ModuleMetadata
{
    /// <summary>Bytes of a name in struct modversion_info: 64 less the checksum.</summary>
    private const int VersionNameSize = 56;

    /// <summary>Writes <paramref name="name"/> into struct module.</summary>
    public static void SetName(ElfObject module, ModuleTemplate template, string name)
    {
        var section = module.FindSection(".gnu.linkonce.this_module")!;
        var field = section.Data.AsSpan(template[Field.ModuleName], template[Field.ModuleNameSize]);
        field.Clear();
        Encoding.ASCII.GetBytes(name, field[..^1]);
    }

    /// <summary>Appends KEY=VALUE strings to .modinfo.</summary>
    public static void AddInfo(ElfObject module, IEnumerable<(string Key, string Value)> items)
    {
        var section = module.FindSection(".modinfo")!;
        // A unit may have brought the same line along.
        var known = Encoding.UTF8.GetString(section.Data).Split('\0');
        section.Data = [.. section.Data, .. items.Where(i => !known.Contains($"{i.Key}={i.Value}")).SelectMany(i => Encoding.UTF8.GetBytes($"{i.Key}={i.Value}\0"))];
    }

    /// <summary>Adds the checksums of the exported symbols used (CONFIG_MODVERSIONS).</summary>
    public static void AddVersions(ElfObject module, IEnumerable<ExportedSymbol> symbols)
    {
        var section = new Section("__versions", SectionType.ProgBits, SectionFlags.Alloc) { Alignment = 32 };
        // A name that does not fit has no checksum; the loader then checks none for it.
        var listed = symbols.Where(s => s.Name.Length < VersionNameSize).ToList();
        section.Data = new byte[listed.Count * (8 + VersionNameSize)];
        for (var i = 0; i < listed.Count; i++)
        {
            var entry = section.Data.AsSpan(i * (8 + VersionNameSize));
            BinaryPrimitives.WriteUInt64LittleEndian(entry, listed[i].Crc);
            Encoding.ASCII.GetBytes(listed[i].Name, entry[8..]);
        }
        module.Sections.Add(section);
    }
}
