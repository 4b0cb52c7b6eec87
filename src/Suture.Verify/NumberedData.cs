namespace Suture.Verify;

/// <summary>
/// Which variable of the original object is which of the patched one's, where only numbers of the compiler's tell several of one name apart.
/// Twins that refer to them decide: code by the order of its references, if the order of the numbers does not speak against it; data by the place.
/// </summary>
internal sealed class NumberedData
{
    private readonly Dictionary<Piece, Piece> _settled = [];
    private readonly HashSet<Piece> _taken = [];
    private readonly HashSet<Piece> _torn = [];
    private readonly ILookup<Piece, Piece> _parts;
    private readonly Queue<(Piece Then, Piece Now)> _work = new();

    public NumberedData(CompiledObject original, CompiledObject patched, Func<Piece, IReadOnlyList<Piece>> twins)
    {
        _parts = original.Named.Concat(patched.Named).Where(p => p.Parent is not null).ToLookup(p => p.Parent!);
        foreach (var now in patched.Named.Where(p => p.Parent is null))
        {
            if (twins(now) is not [var then])
            {
                continue;
            }
            if (now.Kind == PieceKind.Function)
            {
                _work.Enqueue((then, now));
            }
            else if (then.Name == then.Key && now.Name == now.Key)
            {
                Settle(then, now);
            }
        }
        Work();
        // The last of a name on either side belong together.
        var left = original.Named.Where(p => IsNumbered(p) && !_taken.Contains(p)).ToLookup(p => p.Key);
        foreach (var group in patched.Named.Where(p => IsNumbered(p) && !_settled.ContainsKey(p)).ToLookup(p => p.Key))
        {
            if (group.Count() == 1 && left[group.Key].Count() == 1)
            {
                Settle(left[group.Key].First(), group.First());
            }
        }
        Work();
    }

    /// <summary>Whether functions that refer to <paramref name="piece"/> leave open which of several it is.</summary>
    public bool IsTorn(Piece piece) => _torn.Contains(piece) && !_settled.ContainsKey(piece) && IsState(piece);

    /// <summary>What <paramref name="piece"/> of the patched object may be of <paramref name="twins"/>.</summary>
    public List<Piece> Narrow(Piece piece, List<Piece> twins) => _settled.TryGetValue(piece, out var twin) ? [twin]
        : IsNumbered(piece) && IsState(piece) ? twins.FindAll(t => !_taken.Contains(t)) : twins;

    private void Work()
    {
        while (_work.TryDequeue(out var pair))
        {
            if (pair.Now.Kind == PieceKind.Function)
            {
                CompareCode(pair.Then, pair.Now);
            }
            else
            {
                ComparePlaces(pair.Then, pair.Now);
            }
        }
    }

    private void Settle(Piece then, Piece now)
    {
        if (!_settled.ContainsKey(now) && _taken.Add(then))
        {
            _settled.Add(now, then);
            _work.Enqueue((then, now));
        }
    }

    private void CompareCode(Piece then, Piece now)
    {
        var before = UsedBy(then).Where(p => !_taken.Contains(p)).ToLookup(p => p.Key);
        foreach (var group in UsedBy(now).Where(p => !_settled.ContainsKey(p)).ToLookup(p => p.Key))
        {
            var (old, young) = (before[group.Key].ToList(), group.ToList());
            if (old.Count != young.Count || !Order(old).SequenceEqual(Order(young)))
            {
                _torn.UnionWith(young);
                continue;
            }
            for (var i = 0; i < old.Count; i++)
            {
                Settle(old[i], young[i]);
            }
        }
    }

    private void ComparePlaces(Piece then, Piece now)
    {
        var before = then.References.Where(r => r.Target is { } t && IsNumbered(t)).ToLookup(r => r.At, r => r.Target!);
        foreach (var reference in now.References.Where(r => r.Target is { } t && IsNumbered(t)))
        {
            if (before[reference.At].FirstOrDefault(t => t.Key == reference.Target!.Key) is { } old)
            {
                Settle(old, reference.Target!);
            }
        }
    }

    /// <summary>Numbered data that a function refers to, in the order in which its code and its parts do.</summary>
    private IEnumerable<Piece> UsedBy(Piece function) => _parts[function].Prepend(function).SelectMany(p => p.References)
        .Select(r => r.Target).OfType<Piece>().Where(IsNumbered).Distinct();

    private static bool IsNumbered(Piece piece) => piece.Kind == PieceKind.Data && (piece.Name != piece.Key || CompilerNames.IsLocal(piece.Name));

    /// <summary>Whether the running kernel's value matters. Which of several constants is meant shows in what they hold.</summary>
    private static bool IsState(Piece piece) => piece.Section.IsWritable && !piece.Section.Name.StartsWith(".data.rel.ro", StringComparison.Ordinal)
        && !CompilerNames.IsOfMacro(piece.Key);

    /// <summary>For each its place among all by number: no number comes first, and one of more digits is greater.</summary>
    private static IEnumerable<int> Order(List<Piece> pieces) =>
        pieces.Select(p => pieces.Count(o => o.Name.Length < p.Name.Length || (o.Name.Length == p.Name.Length && string.CompareOrdinal(o.Name, p.Name) < 0)));
}
