using System.Text;
using Suture.Elf;

namespace Suture.Build;

/// <summary>The KEY=VALUE strings of a module's .modinfo section.</summary>
public sealed class ModuleInfo
{
    private ModuleInfo(List<KeyValuePair<string, string>> items) => Items = items;

    /// <summary>All items in file order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Items { get; }

    /// <summary>The first value of <paramref name="key"/>, or null.</summary>
    public string? Get(string key) => Items.Where(i => i.Key == key).Select(i => i.Value).FirstOrDefault();

    /// <summary>Release of the kernel that the module was built for, the first word of its vermagic; null when it says none.</summary>
    public string? Release => Get("vermagic")?.Split(' ')[0];

    /// <summary>Reads the section; empty when there is none.</summary>
    public static ModuleInfo Read(ElfObject module)
    {
        ArgumentNullException.ThrowIfNull(module);
        var text = Encoding.UTF8.GetString(module.FindSection(".modinfo")?.Data ?? []);
        return new ModuleInfo([.. text.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            var at = line.IndexOf('=', StringComparison.Ordinal);
            return at < 0 ? new KeyValuePair<string, string>(line, "") : new(line[..at], line[(at + 1)..]);
        })]);
    }
}
