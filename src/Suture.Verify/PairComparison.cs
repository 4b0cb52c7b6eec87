namespace Suture.Verify;

/// <summary>
/// Which pieces of a patched object differ from the original's: by their bytes outside relocated fields, by where their
/// references lead (names without the compilers' numbers, contents where there is no name), and by their table entries.
/// </summary>
internal sealed class PairComparison
{
    private const int MaxDepth = 12;
    private readonly CompiledObject _original;
    private readonly CompiledObject _patched;
    private readonly ILookup<(PieceKind, string), Piece> _byKey;
    private readonly Dictionary<Piece, List<Piece>> _twins = [];
    private readonly Dictionary<Piece, bool> _same = [];

    public PairComparison(CompiledObject original, CompiledObject patched)
    {
        (_original, _patched) = (original, patched);
        _byKey = original.Named.ToLookup(p => (p.Kind, p.Key));
        foreach (var piece in patched.Named)
        {
            var alike = _byKey[(piece.Kind, piece.Key)].ToList();
            _twins[piece] = piece.Name != piece.Key ? alike
                : alike.FindAll(o => o.Name == piece.Name) is { Count: > 0 } exact ? exact : [];
        }
        foreach (var function in patched.Named.Where(p => p.Kind == PieceKind.Function && Twins(p).Count == 1))
        {
            NarrowStaticLocals(function, Twins(function)[0]);
        }
    }

    /// <summary>What <paramref name="piece"/> of the patched object may be in the original; several where a compiler's numbers leave it open.</summary>
    public IReadOnlyList<Piece> Twins(Piece piece) => _twins.TryGetValue(piece, out var twins) ? twins : [];

    /// <summary>Whether <paramref name="piece"/> of the patched object is as the original has it.</summary>
    public bool IsSame(Piece piece)
    {
        if (!_same.TryGetValue(piece, out var same))
        {
            _same[piece] = same = Twins(piece).Any(o => Same(o, piece, 0));
        }
        return same;
    }

    /// <summary>Whether <paramref name="piece"/> differs from its twin in nothing but constants that may be line numbers.</summary>
    public bool DiffersInSmallConstants(Piece piece) => Twins(piece).Any(twin =>
    {
        var (a, b) = (_original.Masked(twin), _patched.Masked(piece));
        return twin.References.Count == piece.References.Count && a.Length == b.Length
            && Instructions.WithoutSmallConstants(a).AsSpan().SequenceEqual(Instructions.WithoutSmallConstants(b));
    });

    /// <summary>The n-th static local of its name in a function is the n-th in its twin, where both have as many.</summary>
    private void NarrowStaticLocals(Piece function, Piece twin)
    {
        foreach (var group in Locals(function).GroupBy(p => p.Key).ToList())
        {
            var old = Locals(twin).Where(p => p.Key == group.Key).ToList();
            if (old.Count == group.Count())
            {
                foreach (var (now, then) in group.Zip(old).Where(pair => _twins[pair.First].Count > 1))
                {
                    _twins[now] = [then];
                }
            }
        }
    }

    private static List<Piece> Locals(Piece function) =>
        [.. function.References.Select(r => r.Target).OfType<Piece>().Where(t => t.Kind == PieceKind.Data && t.Name != t.Key).Distinct()];

    private bool Same(Piece a, Piece b, int depth)
    {
        if (a.End - a.Entry != b.End - b.Entry || a.References.Count != b.References.Count || a.Section.IsZeroed != b.Section.IsZeroed
            || a.Entries.Count != b.Entries.Count || !_original.Masked(a).AsSpan().SequenceEqual(_patched.Masked(b)))
        {
            return false;
        }
        return a.References.Zip(b.References).All(p => SameReference(a, p.First, b, p.Second, depth))
            && a.Entries.Zip(b.Entries).All(p => SameEntry(a, p.First, b, p.Second, depth));
    }

    private bool SameEntry(Piece a, TableEntry x, Piece b, TableEntry y, int depth) =>
        x.Section == y.Section && x.References.Count == y.References.Count
        && x.References.Zip(y.References).All(p => SameReference(a, p.First, b, p.Second, depth))
        && (x.Section == "__bug_table" ? x.Bytes.AsSpan(^2..).SequenceEqual(y.Bytes.AsSpan(^2..)) : x.Bytes.AsSpan().SequenceEqual(y.Bytes));

    /// <summary>The first difference of a reference that was found last, in words.</summary>
    public string Difference { get; private set; } = "";

    private bool SameReference(Piece from, PieceReference a, Piece to, PieceReference b, int depth)
    {
        if (LeadsAlike(from, a, to, b, depth))
        {
            return true;
        }
        Difference = $"'{to}'+0x{b.At:x} leads to '{b.Target?.ToString() ?? b.External}'{b.Delta:+0;-0}, where the original leads to '{a.Target?.ToString() ?? a.External}'{a.Delta:+0;-0}";
        return false;
    }

    private bool LeadsAlike(Piece from, PieceReference a, Piece to, PieceReference b, int depth)
    {
        if (a.At != b.At || a.Delta != b.Delta || !RelocationKind.SameEffect(a.Type, b.Type))
        {
            return false;
        }
        if (a.Target is not { } x || b.Target is not { } y)
        {
            return a.Target is null && b.Target is null && a.External == b.External;
        }
        if (x.Kind == PieceKind.Anonymous || y.Kind == PieceKind.Anonymous)
        {
            return x.Kind == y.Kind && (depth >= MaxDepth || Same(x, y, depth + 1));
        }
        if (x == from || y == to)
        {
            return x == from && y == to;
        }
        return CompilerNames.IsOfMacro(y.Key)
            ? x.Key == y.Key && (y.Section.IsWritable || _original.Masked(x).AsSpan().SequenceEqual(_patched.Masked(y)))
            : Twins(y).Contains(x);
    }
}
