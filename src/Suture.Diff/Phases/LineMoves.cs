using Suture.Diff.Model;

namespace Suture.Diff.Phases;

/// <summary>
/// By how much the lines of a file moved, as far as its functions show: in the bug table, in constants that are lines for sure, or else in several likely
/// ones, of different lines, that moved alike. One number alone that changed is no evidence that it is a line.
/// </summary>
internal sealed class LineMoves
{
    private readonly Dictionary<Element, LineNumbers.LineChange?> _changes = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<long> _moves = [];

    /// <summary>Looks through all functions of <paramref name="patched"/> that have a twin and other bytes than it.</summary>
    public LineMoves(ObjectModel patched)
    {
        var likely = new HashSet<(ulong Before, ulong Now)>();
        foreach (var function in patched.Functions.Where(f => f.Twin is not null))
        {
            _moves.UnionWith(LineNumbers.Moves(function.Twin!, function));
            if (Of(function) is { } change)
            {
                _moves.UnionWith(change.Sure);
                likely.UnionWith(change.Likely);
            }
        }
        if (_moves.Count == 0)
        {
            _moves.UnionWith(likely.GroupBy(l => (long)(l.Now - l.Before)).Where(g => g.Count() > 1).Select(g => g.Key));
        }
    }

    /// <summary>Which place of the function is which of its twin, when they differ in nothing but lines; null when they differ in more.</summary>
    public CodeAlignment? Align(Element patched) => Of(patched) is { } change && change.IsBorneOut(_moves) ? change.Alignment : null;

    private LineNumbers.LineChange? Of(Element patched)
    {
        if (!_changes.TryGetValue(patched, out var change))
        {
            var twin = patched.Twin!;
            _changes[patched] = change = twin.References.Count != patched.References.Count || Compare.SameBytes(twin, patched) ? null : LineNumbers.Differences(twin, patched);
        }
        return change;
    }
}
