using System.Globalization;
using System.Text;

namespace Suture.Kernel;

/// <summary>A symbol of the kernel image: where it is linked, its nm type letter (t/T code, d/D data, b/B zeroed, r/R constant …) and its name.</summary>
public readonly record struct KernelSymbol(ulong Address, char Type, string Name);

/// <summary>
/// The symbols of the kernel image in the order of the kernel's own table (kallsyms), which is what a
/// livepatch symbol position counts in. Read from text in the System.map format.
/// </summary>
public sealed class SystemMap
{
    private const int MaxSymbols = 4_000_000;
    private readonly KernelSymbol[] _symbols;
    private readonly Lazy<Dictionary<string, int>> _firstByName;
    private readonly int[] _nextSameName;

    private SystemMap(KernelSymbol[] symbols)
    {
        // Some tools do not sort; equal addresses keep their order, as sympos needs.
        if (!IsSorted(symbols))
        {
            symbols = [.. symbols.OrderBy(s => s.Address)];
        }
        _symbols = symbols;
        _nextSameName = new int[symbols.Length];
        _firstByName = new(IndexNames);
    }

    /// <summary>All symbols in address order.</summary>
    public IReadOnlyList<KernelSymbol> All => _symbols;

    /// <summary>Makes a map of <paramref name="symbols"/>.</summary>
    public static SystemMap Create(IEnumerable<KernelSymbol> symbols) => new([.. symbols]);

    /// <summary>Every symbol of that name in address order, so that index + 1 is its sympos; empty when there is none.</summary>
    public IReadOnlyList<KernelSymbol> Find(string name)
    {
        if (!_firstByName.Value.TryGetValue(name, out var index))
        {
            return [];
        }
        var found = new List<KernelSymbol>(1);
        for (; index >= 0; index = _nextSameName[index])
        {
            found.Add(_symbols[index]);
        }
        return found;
    }

    /// <summary>Index in <see cref="All"/> of the first symbol at or behind <paramref name="address"/>.</summary>
    public int IndexAt(ulong address)
    {
        int low = 0, high = _symbols.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_symbols[middle].Address < address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }

    /// <summary>The last symbol at or below <paramref name="address"/> (the first of those that share its address), or null.</summary>
    public KernelSymbol? FindByAddress(ulong address)
    {
        var next = address == ulong.MaxValue ? _symbols.Length : IndexAt(address + 1);
        return next == 0 ? null : _symbols[IndexAt(_symbols[next - 1].Address)];
    }

    /// <summary>Reads the System.map format: a line per symbol, "ffffffff81000000 T name".</summary>
    /// <exception cref="KernelException">A line is not of that form, or there are no symbols or too many.</exception>
    public static SystemMap Parse(ReadOnlySpan<byte> text, string name)
    {
        var symbols = new List<KernelSymbol>(200_000);
        for (var line = 1; !text.IsEmpty; line++)
        {
            var end = text.IndexOf((byte)'\n');
            var row = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            var space = row.IndexOf((byte)' ');
            if (row.IsEmpty)
            {
                continue;
            }
            if (space is < 1 or > 16 || row.Length < space + 4 || row[space + 2] != ' ' || symbols.Count >= MaxSymbols
                || !ulong.TryParse(row[..space], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var address))
            {
                throw new KernelException($"{name}:{line}: not a System.map line (address, type letter, name)",
                    "the file is damaged or cut off: fetch or make it again", KernelFault.Broken);
            }
            symbols.Add(new(address, (char)row[space + 1], Encoding.UTF8.GetString(row[(space + 3)..])));
        }
        return symbols.Count > 0
            ? new([.. symbols])
            : throw new KernelException($"{name}: no symbols in it", "fetch or make it again", KernelFault.Broken);
    }

    /// <summary>Writes the map in the System.map format.</summary>
    public void Write(TextWriter output)
    {
        foreach (var symbol in _symbols)
        {
            output.Write($"{symbol.Address:x16} {symbol.Type} {symbol.Name}\n");
        }
    }

    private static bool IsSorted(KernelSymbol[] symbols)
    {
        for (var i = 1; i < symbols.Length; i++)
        {
            if (symbols[i - 1].Address > symbols[i].Address)
            {
                return false;
            }
        }
        return true;
    }

    private Dictionary<string, int> IndexNames()
    {
        var first = new Dictionary<string, int>(_symbols.Length, StringComparer.Ordinal);
        for (var i = _symbols.Length - 1; i >= 0; i--)
        {
            _nextSameName[i] = first.TryGetValue(_symbols[i].Name, out var next) ? next : -1;
            first[_symbols[i].Name] = i;
        }
        return first;
    }
}
