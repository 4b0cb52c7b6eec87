using System.Text;

namespace Suture.Kernel;

/// <summary>
/// How every translation unit of a kernel build is compiled. On disk: a line "suture-units FORMAT", lines
/// "H" with an argument list that many units begin with, and lines "U" per unit: source, object, owners with ':' between,
/// number of its H line, further arguments. Fields are separated by tabs, arguments by U+001F.
/// </summary>
public sealed class CompileDatabase
{
    private const string Header = "suture-units 2";
    private const char Separator = '\u001f';
    private readonly List<string[]> _heads = [];
    // By object: kbuild compiles lib/crypto/sha256.c for the kernel and for what boots the next one.
    private readonly Dictionary<string, string> _rows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _objects = new(StringComparer.Ordinal);

    private CompileDatabase()
    {
    }

    /// <summary>Number of units.</summary>
    public int Count => _rows.Count;

    /// <summary>Every unit, in no particular order.</summary>
    public IEnumerable<CompileUnit> All => _rows.Values.Select(Decode);

    /// <summary>The unit that compiles <paramref name="source"/> ("fs/proc/meminfo.c") for the kernel, else for what comes before it, or null.</summary>
    public CompileUnit? Find(string source) => _objects.TryGetValue(source, out var found) ? Decode(_rows[found]) : null;

    /// <summary>Reads a database that <see cref="Write"/> wrote.</summary>
    /// <exception cref="KernelException">It is not one.</exception>
    public static CompileDatabase Load(string path)
    {
        var database = new CompileDatabase();
        using var reader = new StreamReader(path, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: 1 << 16);
        if (reader.ReadLine() != Header)
        {
            throw Damaged(path, 1);
        }
        var number = 1;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (line.StartsWith("H\t", StringComparison.Ordinal))
            {
                database._heads.Add(line[2..].Split(Separator));
            }
            else if (line.StartsWith("U\t", StringComparison.Ordinal) && line.IndexOf('\t', 2) is > 0 and var end
                && line.AsSpan().Count('\t') == 5)
            {
                database.Add(line[2..end], line);
            }
            else
            {
                throw Damaged(path, number);
            }
        }
        return database;
    }

    private void Add(string source, string row)
    {
        var unit = Decode(row);
        _rows[unit.Object] = row;
        if (!unit.IsBeforeKernel || !_objects.ContainsKey(source))
        {
            _objects[source] = unit.Object;
        }
    }

    /// <summary>Writes <paramref name="units"/> to <paramref name="path"/>. Of several units for one object the first is kept.</summary>
    public static void Write(string path, IEnumerable<CompileUnit> units)
    {
        using var writer = new StreamWriter(path, append: false, new UTF8Encoding(false));
        writer.Write(Header + "\n");
        var heads = new Dictionary<string, int>(StringComparer.Ordinal);
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (var unit in units)
        {
            if (!written.Add(unit.Object))
            {
                continue;
            }
            // Kbuild puts what is particular to a unit, its names, behind all else.
            var split = 0;
            while (split < unit.Arguments.Count && !unit.Arguments[split].StartsWith("-DKBUILD_", StringComparison.Ordinal))
            {
                split++;
            }
            var head = string.Join(Separator, unit.Arguments.Take(split));
            if (!heads.TryGetValue(head, out var number))
            {
                heads[head] = number = heads.Count;
                writer.Write($"H\t{head}\n");
            }
            writer.Write($"U\t{unit.Source}\t{unit.Object}\t{string.Join(':', unit.OtherOwners.Prepend(unit.Owner))}\t{number}\t{string.Join(Separator, unit.Arguments.Skip(split))}\n");
        }
    }

    private CompileUnit Decode(string row)
    {
        var fields = row.Split('\t');
        if (!int.TryParse(fields[4], out var head) || head < 0 || head >= _heads.Count)
        {
            throw Damaged("compile database", 0);
        }
        string[] tail = fields[5].Length > 0 ? fields[5].Split(Separator) : [];
        var owners = fields[3].Split(':');
        return new(fields[1], fields[2], owners[0], [.. _heads[head], .. tail]) { OtherOwners = owners[1..] };
    }

    private static KernelException Damaged(string path, int line) =>
        new($"{path}:{line}: not a compile database of this format", "remove the kernel's cache entry and run: suture kernel get RELEASE", KernelFault.Broken);
}
