using System.Globalization;

namespace Suture.Kernel;

/// <summary>A symbol that the kernel or a module exports.</summary>
/// <param name="Name">The symbol.</param>
/// <param name="Crc">Checksum of its declaration, for modversions.</param>
/// <param name="Module">"vmlinux", or the exporting module's name as in /proc/modules.</param>
/// <param name="GplOnly">Only GPL-compatible modules may use it.</param>
/// <param name="Namespace">The namespace a user must import, or null.</param>
public readonly record struct ExportedSymbol(string Name, uint Crc, string Module, bool GplOnly, string? Namespace);

/// <summary>The exported symbols of a kernel build (Module.symvers: CRC, symbol, exporter, kind and namespace, separated by tabs).</summary>
public sealed class ExportTable
{
    private readonly Dictionary<string, ExportedSymbol> _symbols = new(StringComparer.Ordinal);

    private ExportTable()
    {
    }

    /// <summary>Number of exported symbols.</summary>
    public int Count => _symbols.Count;

    /// <summary>Every exported symbol.</summary>
    public IEnumerable<ExportedSymbol> All => _symbols.Values;

    /// <summary>Looks up an exported symbol.</summary>
    public bool TryGet(string name, out ExportedSymbol symbol) => _symbols.TryGetValue(name, out symbol);

    /// <summary>Reads a Module.symvers from <paramref name="text"/>; <paramref name="name"/> is used in messages.</summary>
    /// <exception cref="KernelException">A line is not of that form.</exception>
    public static ExportTable Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        var table = new ExportTable();
        Span<Range> fields = stackalloc Range[6];
        var line = 0;
        foreach (var row in text.AsSpan().EnumerateLines())
        {
            line++;
            if (row.IsEmpty)
            {
                continue;
            }
            var count = row.Split(fields, '\t');
            if (count < 4 || !row[fields[0]].StartsWith("0x")
                || !uint.TryParse(row[fields[0]][2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var crc))
            {
                throw new KernelException($"{name}:{line}: not a Module.symvers line (CRC, symbol, module, kind)",
                    "the file is damaged or cut off: fetch or make it again", KernelFault.Broken);
            }
            var symbol = row[fields[1]].ToString();
            var space = count > 4 ? row[fields[4]].Trim() : default;
            table._symbols[symbol] = new(symbol, crc, KernelModule.NameOf(row[fields[2]].ToString()),
                row[fields[3]].StartsWith("EXPORT_SYMBOL_GPL"), space.IsEmpty ? null : space.ToString());
        }
        return table;
    }

    /// <summary>Reads the Module.symvers at <paramref name="path"/>.</summary>
    public static ExportTable ReadFile(string path) => Parse(File.ReadAllText(path), path);
}
