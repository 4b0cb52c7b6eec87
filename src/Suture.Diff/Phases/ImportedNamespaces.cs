using System.Text;
using Suture.Elf;

namespace Suture.Diff.Phases;

/// <summary>
/// What of .modinfo a livepatch must repeat: the export namespaces that the object imports (MODULE_IMPORT_NS),
/// without which the module loader does not let it use their symbols.
/// </summary>
internal static class ImportedNamespaces
{
    private const string SectionName = ".modinfo";

    /// <summary>Adds a .modinfo with the imports of <paramref name="from"/>, if it has any, to <paramref name="to"/>.</summary>
    public static void Copy(ElfObject from, ElfObject to)
    {
        if (from.FindSection(SectionName) is not { } source)
        {
            return;
        }
        var imports = Encoding.Latin1.GetString(source.Data).Split('\0')
            .Where(item => item.StartsWith("import_ns=", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal).ToList();
        if (imports.Count > 0)
        {
            to.Sections.Add(new Section(SectionName, SectionType.ProgBits, SectionFlags.Alloc)
            {
                Data = Encoding.Latin1.GetBytes(string.Concat(imports.Select(item => item + '\0'))),
            });
        }
    }
}
