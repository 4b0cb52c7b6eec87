using System.Globalization;

namespace Suture.Host.Memory;

/// <summary>
/// Where the running kernel has symbols: /proc/kallsyms, "ffffffff81000000 T name", behind the name of a module's symbol its module, "[tun]".
/// The livepatch core counts the symbols of one name in the same order (sympos).
/// </summary>
public sealed class RunningSymbols
{
    private const int MaxLines = 4_000_000;
    private readonly Dictionary<(string Object, string Name), List<ulong>> _addresses = [];

    private RunningSymbols()
    {
    }

    /// <summary>Reads where the symbols of <paramref name="names"/> are; null, with the reason in <paramref name="fault"/>, when the kernel does not say.</summary>
    public static RunningSymbols? Read(KernelPaths paths, IEnumerable<string> names, out string fault)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var path = paths.Symbols;
        var wanted = names.ToHashSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        var symbols = new RunningSymbols();
        var visible = false;
        try
        {
            foreach (var line in File.ReadLines(path).Take(MaxLines))
            {
                visible |= symbols.Take(line, wanted);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"{path} cannot be read: {e.Message}";
            return null;
        }
        fault = visible ? "" : $"{path} hides the addresses (kernel.kptr_restrict), or has none";
        return visible ? symbols : null;
    }

    /// <summary>The addresses of <paramref name="name"/> in <paramref name="owner"/>, "vmlinux" or a module's name, in the order in which sympos counts.</summary>
    public IReadOnlyList<ulong> Find(string owner, string name) => _addresses.TryGetValue((owner, name), out var found) ? found : [];

    /// <summary>Takes a line in when its symbol is wanted; whether its address is shown.</summary>
    private bool Take(string line, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> wanted)
    {
        var space = line.IndexOf(' ');
        if (space < 0 || line.Length < space + 4)
        {
            return false;
        }
        var rest = line.AsSpan(space + 3);
        var end = rest.IndexOfAny('\t', ' ');
        // A host has hundreds of thousands of symbols: look at the address only when it matters.
        if (wanted.TryGetValue(end < 0 ? rest : rest[..end], out var name)
            && ulong.TryParse(line.AsSpan(0, space), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var address))
        {
            var owner = end < 0 ? "vmlinux" : rest[end..].Trim().Trim("[]").ToString();
            if (!_addresses.TryGetValue((owner, name), out var list))
            {
                _addresses[(owner, name)] = list = [];
            }
            list.Add(address);
        }
        return line.AsSpan(0, space).ContainsAnyExcept('0');
    }
}
