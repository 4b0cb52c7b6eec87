using System.Text;
using Suture.Elf;

namespace Suture.Lab;

/// <summary>What a module file says of itself in its .modinfo section: "key=value" strings, each ended by a zero byte.</summary>
/// <param name="Name">Module name.</param>
/// <param name="Release">Release of the kernel it was built for: the first word of vermagic.</param>
/// <param name="IsLivepatch">Whether it is marked as a livepatch.</param>
/// <param name="Objects">Kernel objects that it patches: "vmlinux" and module names.</param>
/// <param name="Lookups">Relocations to symbols of vmlinux: kernels before 6.2 go through all their symbols for each when the module is loaded.</param>
public sealed record ModuleFacts(string Name, string Release, bool IsLivepatch, IReadOnlyList<string> Objects, int Lookups)
{
    private const string SymbolPrefix = ".klp.sym.";

    /// <summary>The patched objects that are modules.</summary>
    public IEnumerable<string> TargetModules => Objects.Where(o => o != "vmlinux");

    /// <summary>Reads the module file <paramref name="path"/>.</summary>
    /// <exception cref="ElfFormatException">It is not a well-formed kernel module.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ModuleFacts Read(string path)
    {
        var elf = ElfObject.ReadFile(path);
        var info = elf.FindSection(".modinfo")
            ?? throw new ElfFormatException(path, "sections", "there is no .modinfo section, so this is no kernel module");
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in Encoding.UTF8.GetString(info.Data).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry.IndexOf('=') is > 0 and var at)
            {
                values.TryAdd(entry[..at], entry[(at + 1)..]);
            }
        }
        var release = values.GetValueOrDefault("vermagic", "").Split(' ')[0];
        var name = values.GetValueOrDefault("name") is { Length: > 0 } said ? said : Path.GetFileName(path).Split('.')[0].Replace('-', '_');
        return release.Length == 0
            ? throw new ElfFormatException(path, "section .modinfo", "there is no vermagic, so this is no finished kernel module")
            : new ModuleFacts(name, release, values.GetValueOrDefault("livepatch") == "Y", ObjectsOf(elf, values),
                elf.Sections.Where(s => (s.Flags & SectionFlags.RelaLivepatch) != 0)
                    .Sum(s => s.Relocations.Count(r => r.Symbol.Name.StartsWith($"{SymbolPrefix}vmlinux.", StringComparison.Ordinal))));
    }

    /// <summary>
    /// suture.objects when the module has it. Other builders' modules tell only through their livepatch symbols,
    /// ".klp.sym.OBJECT.NAME,SYMPOS" (Documentation/livepatch/module-elf-format.rst).
    /// </summary>
    private static IReadOnlyList<string> ObjectsOf(ElfObject elf, Dictionary<string, string> values) =>
        values.TryGetValue("suture.objects", out var objects)
            ? objects.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [.. elf.Symbols.Select(s => s.Name).Where(n => n.StartsWith(SymbolPrefix, StringComparison.Ordinal))
                .Select(n => n[SymbolPrefix.Length..].Split('.')[0]).Distinct(StringComparer.Ordinal)];
}
