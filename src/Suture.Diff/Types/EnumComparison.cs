namespace Suture.Diff.Types;

/// <summary>An enum of which values changed that existed before.</summary>
/// <param name="Patched">The enum as it is now.</param>
/// <param name="Words">Which, and how.</param>
/// <param name="IsOnlyItsEnd">Whether nothing changed but the names that mark the end (NR_…, …_MAX).</param>
internal sealed record EnumChange(CType Patched, string Words, bool IsOnlyItsEnd);

/// <summary>
/// Compares enums value by value: those of file scope are unique by name in C. New values change nothing for others; values that
/// vanish cannot be used by new code.
/// </summary>
internal static class EnumComparison
{
    private const int MaxClauses = 3;

    /// <summary>Names that mark the end of one enum: NR_FOO, FOO_MAX and __FOO_MAX at the most.</summary>
    private const int MostEndMarks = 3;

    private static readonly string[] EndMarks = ["MAX", "NR", "NUM", "COUNT", "CNT", "LAST", "END", "SIZE", "LIMIT", "TOTAL"];

    public static List<EnumChange> Run(TypeGraph original, TypeGraph patched)
    {
        var (before, after) = (Values(original), Values(patched));
        var changes = new List<EnumChange>();
        foreach (var (type, names) in after.GroupBy(v => v.Value.Type, v => v.Key).Select(g => (g.Key, g.ToList())))
        {
            var changed = names.FindAll(n => before.TryGetValue(n, out var old) && old.Value != after[n].Value);
            if (changed.Count > 0)
            {
                var words = string.Join(", ", changed.Take(MaxClauses).Select(n => $"'{n}' was {before[n].Value} and is {after[n].Value}"))
                    + (changed.Count > MaxClauses ? $" and {changed.Count - MaxClauses} more" : "");
                // In "A, B, NR" a new value before NR moves only NR, and what NR was becomes the new value.
                var kept = names.Except(changed).Where(before.ContainsKey).Select(n => before[n].Value).DefaultIfEmpty(long.MinValue).Max();
                changes.Add(new EnumChange(type, words, changed.Count <= MostEndMarks && changed.TrueForAll(n => IsEndMark(n) && before[n].Value >= kept && after[n].Value > before[n].Value)));
            }
        }
        return changes;
    }

    /// <summary>Values of all enums by their names; names that several enums use (within functions) apart.</summary>
    private static Dictionary<string, (long Value, CType Type)> Values(TypeGraph graph)
    {
        var values = new Dictionary<string, (long, CType)>(StringComparer.Ordinal);
        var ambiguous = new HashSet<string>(StringComparer.Ordinal);
        foreach (var type in graph.Types.Where(t => t is { Kind: TypeKind.Enum, IsLocal: false }))
        {
            foreach (var value in type.Enumerators)
            {
                if (!values.TryAdd(value.Name, (value.Value, type)) && values[value.Name].Item1 != value.Value)
                {
                    ambiguous.Add(value.Name);
                }
            }
        }
        foreach (var name in ambiguous)
        {
            values.Remove(name);
        }
        return values;
    }

    private static bool IsEndMark(string name) => name.ToUpperInvariant().Split('_').Any(EndMarks.Contains);
}
