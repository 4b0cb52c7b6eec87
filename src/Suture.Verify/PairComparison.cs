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
    private readonly NumberedData _numbered;
    private readonly Dictionary<Piece, List<Piece>> _twins = [];
    private readonly Dictionary<Piece, bool> _same = [];

    public PairComparison(CompiledObject original, CompiledObject patched)
    {
        (_original, _patched) = (original, patched);
        var byKey = original.Named.ToLookup(p => (p.Kind, p.Key));
        // clang numbers all but the first variable of a name in a function: the bare name may have passed to another.
        var shared = original.Named.Concat(patched.Named).Where(p => p.Kind == PieceKind.Data && p.Name != p.Key && CompilerNames.IsLocal(p.Key))
            .Select(p => p.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var piece in patched.Named)
        {
            var alike = byKey[(piece.Kind, piece.Key)].ToList();
            _twins[piece] = piece.Name != piece.Key || (piece.Kind == PieceKind.Data && shared.Contains(piece.Key)) ? alike
                : alike.FindAll(o => o.Name == piece.Name);
        }
        _numbered = new NumberedData(original, patched, Twins);
        foreach (var (piece, twins) in _twins.ToList())
        {
            _twins[piece] = _numbered.Narrow(piece, twins);
        }
    }

    /// <summary>What <paramref name="piece"/> of the patched object may be in the original; several where a compiler's numbers leave it open.</summary>
    public IReadOnlyList<Piece> Twins(Piece piece) => _twins.TryGetValue(piece, out var twins) ? twins : [];

    /// <summary>Whether <paramref name="piece"/> is a variable that runs already, and it cannot be told which.</summary>
    public bool IsUndecided(Piece piece) => _numbered.IsTorn(piece) && Twins(piece).Count > 0;

    /// <summary>Whether <paramref name="piece"/> of the patched object is as the original has it.</summary>
    public bool IsSame(Piece piece)
    {
        if (!_same.TryGetValue(piece, out var same))
        {
            _same[piece] = same = Twins(piece).Any(o => Same(o, piece, 0));
        }
        return same;
    }

    /// <summary>Those of <see cref="Twins"/> that are as <paramref name="piece"/> is; all of them when none is.</summary>
    public IReadOnlyList<Piece> EqualTwins(Piece piece) => Twins(piece) is { Count: > 1 } twins && twins.Where(o => Same(o, piece, 0)).ToList() is { Count: > 0 } equal ? equal : Twins(piece);

    /// <summary>Whether <paramref name="piece"/> differs from its twin in nothing but constants that may be line numbers.</summary>
    public bool DiffersInSmallConstants(Piece piece) => Twins(piece).Any(twin =>
    {
        var (a, b) = (_original.Masked(twin), _patched.Masked(piece));
        return twin.References.Count == piece.References.Count && a.Length == b.Length
            && Instructions.WithoutSmallConstants(a).AsSpan().SequenceEqual(Instructions.WithoutSmallConstants(b));
    });

    private bool Same(Piece a, Piece b, int depth)
    {
        if (a.End - a.Entry != b.End - b.Entry || a.References.Count != b.References.Count || a.Section.IsZeroed != b.Section.IsZeroed
            || (b.Kind == PieceKind.Data && !IsAsUsable(a.Section, b.Section)) || a.Entries.Count != b.Entries.Count || !_original.Masked(a).AsSpan().SequenceEqual(_patched.Masked(b)))
        {
            return false;
        }
        return a.References.Zip(b.References).All(p => SameReference(a, p.First, b, p.Second, depth))
            && a.Entries.Zip(b.Entries).All(p => SameEntry(a, p.First, b, p.Second, depth));
    }

    /// <summary>Data that the running kernel has write-protected, or per CPU, does not serve code that was compiled for other data.</summary>
    private static bool IsAsUsable(FileSection running, FileSection wanted)
    {
        static bool IsPerCpu(FileSection s) => s.Name.StartsWith(".data..percpu", StringComparison.Ordinal) || s.Name.StartsWith(".data.percpu", StringComparison.Ordinal);
        static int Freedom(FileSection s) => s.Name.StartsWith(".data..ro_after_init", StringComparison.Ordinal) ? 1
            : s.IsWritable && !s.Name.StartsWith(".data.rel.ro", StringComparison.Ordinal) ? 2 : 0;
        return IsPerCpu(running) == IsPerCpu(wanted) && Freedom(running) >= Freedom(wanted);
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
            ? x.Key == y.Key && ((!TargetRules.IsReadOnly(y.Section) && !CompilerNames.IsRateLimit(y.Key)) || depth >= MaxDepth || Same(x, y, depth + 1))
            : Twins(y).Contains(x);
    }
}
