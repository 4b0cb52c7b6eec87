namespace Suture.Verify;

/// <summary>What a reference of the patched object may mean once the code runs from a livepatch: the module's own copy, or what runs already.</summary>
internal static class TargetRules
{
    private const int MaxDepth = 8;

    /// <summary>Whether the reference may lead to the module's own <paramref name="target"/>, and whether to the running one.</summary>
    public static (bool Own, bool Running) Of(
        Piece target, PieceReference reference, Piece from, bool fromTable, PairComparison? comparison, UnitPair unit)
    {
        // Nameless things have no running version; places in oneself, in one's cold part and back are of one body. A function that hands
        // on its own address, to set up a timer again, is like any other that does.
        var handsItselfOn = !fromTable && !reference.IsBranch && target.Kind == PieceKind.Function && unit.Replaced.ContainsKey(target.Name);
        if (target.Kind == PieceKind.Anonymous || (target == from && !handsItselfOn) || target.Parent is not null || from.Parent == target
            || comparison is null || comparison.Twins(target).Count == 0)
        {
            return (true, false);
        }
        return target.Kind == PieceKind.Function ? OfFunction(target, reference, fromTable, comparison, unit) : OfData(target, comparison, unit);
    }

    private static (bool Own, bool Running) OfFunction(Piece target, PieceReference reference, bool fromTable, PairComparison comparison, UnitPair unit)
    {
        if (fromTable && unit.Included.Contains(target.Name))
        {
            return (true, true);
        }
        var redirected = unit.Replaced.ContainsKey(target.Name);
        if (!redirected)
        {
            // Nothing leads callers of the running version to a copy that is not redirected: a changed one must be called here.
            return (unit.Included.Contains(target.Name), comparison.IsSame(target) || unit.LeftOut.Contains(target.Name));
        }
        // Addresses taken outlive the livepatch: they must be the running function's, which is redirected anyway.
        var middle = reference.Delta is not (0 or -4);
        return (reference.IsBranch || middle, !middle);
    }

    private static (bool Own, bool Running) OfData(Piece target, PairComparison comparison, UnitPair unit)
    {
        if (CompilerNames.IsOfMacro(target.Key) && !IsReadOnly(target.Section) && (!CompilerNames.IsRateLimit(target.Key) || comparison.IsSame(target)))
        {
            return (true, true);
        }
        var included = unit.Included.Contains(target.Name);
        if (!comparison.IsSame(target) && !unit.LeftOut.Contains(target.Name))
        {
            // Contents that changed cannot be had from the running kernel; what was read at boot does not matter any more.
            return IsOrdinary(target.Section) ? (true, false) : (included, !included);
        }
        if (included && Follows(target, comparison, unit, 0))
        {
            return (true, false);
        }
        // State lives on; only what nobody writes may have a second copy.
        return (included && IsReadOnly(target.Section), true);
    }

    /// <summary>Whether data must be copied because it leads to something that only the module has in its new form.</summary>
    private static bool Follows(Piece data, PairComparison comparison, UnitPair unit, int depth) => depth < MaxDepth && data.References.Exists(r => r.Target switch
    {
        { Kind: PieceKind.Function } f => unit.Included.Contains(f.Name) && !unit.Replaced.ContainsKey(f.Name),
        { Kind: PieceKind.Data } d => unit.Included.Contains(d.Name) && (!comparison.IsSame(d) || Follows(d, comparison, unit, depth + 1)),
        { Kind: PieceKind.Anonymous } a => Follows(a, comparison, unit, depth + 1),
        _ => false,
    });

    private static bool IsOrdinary(FileSection section) => section.Name.StartsWith(".data", StringComparison.Ordinal)
        || section.Name.StartsWith(".rodata", StringComparison.Ordinal) || section.Name.StartsWith(".bss", StringComparison.Ordinal);

    /// <summary>Whether nobody writes there once the system runs: two copies are as good as one if they hold the same.</summary>
    internal static bool IsReadOnly(FileSection section) =>
        !section.IsWritable || section.Name.StartsWith(".data.rel.ro", StringComparison.Ordinal) || section.Name.StartsWith(".data..ro_after_init", StringComparison.Ordinal);
}
