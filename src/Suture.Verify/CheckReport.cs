namespace Suture.Verify;

/// <summary>One thing that was looked at, as a whole.</summary>
/// <param name="Name">What: info, patch, code, references, tables, objtool, note, kernel.</param>
/// <param name="Count">How many single things were compared.</param>
/// <param name="Faults">Where the module is not what it must be; empty when all is well.</param>
public sealed record CheckedPart(string Name, int Count, IReadOnlyList<string> Faults);

/// <summary>What checking a module against its expectation gave.</summary>
public sealed class CheckReport
{
    /// <summary>Nobody reads more, and a file can be made to have any number.</summary>
    private const int MaxFaults = 1000;

    private readonly SortedDictionary<string, (int Order, int Count, List<string> Faults)> _parts = new(StringComparer.Ordinal);

    /// <summary>The parts, in the order in which they were first looked at.</summary>
    public IReadOnlyList<CheckedPart> Parts => [.. _parts.OrderBy(p => p.Value.Order).Select(p => new CheckedPart(p.Key, p.Value.Count, p.Value.Faults))];

    /// <summary>All faults.</summary>
    public IEnumerable<string> Faults => Parts.SelectMany(p => p.Faults);

    /// <summary>Whether everything agrees.</summary>
    public bool Verified => !Faults.Any();

    /// <summary>Positions that the module claims of running symbols whose position the objects did not tell, by index in <see cref="Manifest.Running"/>.</summary>
    public Dictionary<int, int> Claims { get; } = [];

    internal void Counted(string part, int count = 1) => Part(part, count);

    internal void Fault(string part, string what) => Add(Part(part, 0), () => what);

    /// <summary>Counts, and takes down <paramref name="fault"/> unless <paramref name="ok"/>.</summary>
    internal bool Expect(string part, bool ok, Func<string> fault)
    {
        var faults = Part(part, 1);
        if (!ok)
        {
            Add(faults, fault);
        }
        return ok;
    }

    private static void Add(List<string> faults, Func<string> fault)
    {
        if (faults.Count < MaxFaults)
        {
            faults.Add(fault());
        }
        else if (faults.Count == MaxFaults)
        {
            faults.Add("and more");
        }
    }

    private List<string> Part(string name, int count)
    {
        var part = _parts.TryGetValue(name, out var known) ? known : (_parts.Count, 0, []);
        _parts[name] = (part.Item1, part.Item2 + count, part.Item3);
        return part.Item3;
    }
}
