using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>What the changed lines of hunks call, and what references they take and drop by that.</summary>
internal sealed partial class ChangedCalls
{
    // What looks like a call and asks about a value, or warns, and does nothing else.
    private static readonly FrozenSet<string> Questions = FrozenSet.ToFrozenSet(
    [
        "if", "while", "for", "switch", "return", "sizeof", "typeof", "defined", "offsetof", "container_of", "likely", "unlikely", "READ_ONCE", "WRITE_ONCE", "data_race",
        "IS_ERR", "PTR_ERR", "ERR_PTR", "ERR_CAST", "IS_ERR_OR_NULL", "PTR_ERR_OR_ZERO", "min", "max", "min_t", "max_t", "clamp", "clamp_t", "ARRAY_SIZE", "BIT", "GENMASK", "IS_ENABLED",
        "test_bit", "list_empty", "hlist_unhashed", "hlist_empty", "memcmp", "memset", "strcmp", "strncmp", "strlen", "WARN_ON", "WARN_ON_ONCE", "BUG_ON", "time_after", "time_before",
        "pr_err", "pr_warn", "pr_info", "pr_debug", "dev_err", "dev_warn", "dev_info", "dev_dbg", "check_add_overflow", "check_mul_overflow", "check_sub_overflow", "struct_size", "array_size", "size_add", "size_mul",
        "cpu_to_le16", "cpu_to_le32", "cpu_to_le64", "le16_to_cpu", "le32_to_cpu", "le64_to_cpu", "be16_to_cpu", "be32_to_cpu", "be64_to_cpu", "cpu_to_be16", "cpu_to_be32", "cpu_to_be64",
        "ntohs", "ntohl", "htons", "htonl",
    ]);

    private readonly HashSet<string> _kinds = new(StringComparer.Ordinal);

    /// <summary>Reads the changed lines of <paramref name="hunks"/>.</summary>
    public ChangedCalls(IReadOnlyList<DiffHunk> hunks)
    {
        var balance = new Dictionary<string, int>(StringComparer.Ordinal);
        var shown = hunks.SelectMany(h => h.Lines).SelectMany(l => Call().Matches(SourceWords.Code(l[1..]))).Select(m => m.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        AreNearLocks = shown.Any(Locks().IsMatch);
        AreNearReferences = shown.Any(n => Takes().IsMatch(n) || Drops().IsMatch(n) || Counters().IsMatch(n));
        foreach (var (removed, added) in hunks.SelectMany(Runs))
        {
            AreSame &= Calls(removed).SequenceEqual(Calls(added)) && !removed.Concat(added).Any(l => l.TrimStart().StartsWith('#'));
            ChangePaths |= removed.Concat(added).Any(l => Jump().IsMatch(l));
            foreach (var (lines, sign) in new[] { (removed, -1), (added, 1) })
            {
                foreach (Match call in lines.SelectMany(l => Call().Matches(l)))
                {
                    balance[call.Groups[1].Value] = balance.GetValueOrDefault(call.Groups[1].Value) + sign;
                }
            }
            foreach (var counter in added.SelectMany(l => Counter().Matches(l)))
            {
                CountReferences |= !counter.Value.StartsWith("atomic", StringComparison.Ordinal);
                _kinds.UnionWith(Words(counter.Groups[1].Value));
            }
        }
        _kinds.UnionWith(balance.Where(b => (b.Value > 0 && Takes().IsMatch(b.Key)) || (b.Value < 0 && Drops().IsMatch(b.Key))).SelectMany(b => Words(b.Key)));
    }

    /// <summary>Whether the lines call, one after the other and with the same arguments, what the lines call that they stand for. Questions about a value are no calls.</summary>
    public bool AreSame { get; } = true;

    /// <summary>Whether the code goes on elsewhere than before by a jump, a label or a return.</summary>
    public bool ChangePaths { get; }

    /// <summary>Whether a lock is taken or given back by a changed line or one close to it, as what a changed condition decides about is.</summary>
    public bool AreNearLocks { get; }

    /// <summary>Whether a reference is taken or dropped there.</summary>
    public bool AreNearReferences { get; }

    /// <summary>Whether counters of references are set or raised by themselves: what they count is not always said.</summary>
    public bool CountReferences { get; }

    /// <summary>
    /// Whether references to what is called <paramref name="kind"/> are taken where none were, or no longer dropped where they were, by the kernel's customs: rather too often than too
    /// rarely.
    /// </summary>
    public bool TakeOrKeep(string kind) => _kinds.Contains(kind);

    /// <summary>Removed lines and the added ones in their place.</summary>
    private static IEnumerable<(List<string> Removed, List<string> Added)> Runs(DiffHunk hunk)
    {
        var (removed, added) = (new List<string>(), new List<string>());
        foreach (var line in hunk.Lines.Append(" "))
        {
            if (line[0] is '-' or '+')
            {
                (line[0] == '-' ? removed : added).Add(SourceWords.Code(line[1..]));
            }
            else if (line[0] == ' ' && removed.Count + added.Count > 0)
            {
                yield return (removed, added);
                (removed, added) = ([], []);
            }
        }
    }

    /// <summary>Calls with what they are given, to the parenthesis that ends them, or to the end of the lines.</summary>
    private static IEnumerable<string> Calls(List<string> lines)
    {
        var text = Blank().Replace(string.Join(' ', lines), "");
        foreach (Match call in Call().Matches(text).Where(c => !Questions.Contains(c.Groups[1].Value)))
        {
            var (at, depth) = (call.Index + call.Length, 1);
            for (; at < text.Length && depth > 0; at++)
            {
                depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
            }
            yield return text[call.Index..at];
        }
    }

    private static IEnumerable<string> Words(string name) => NameWord().Matches(name).Select(m => m.Value);

    [GeneratedRegex(@"\b([A-Za-z_]\w*)\s*\(")]
    private static partial Regex Call();

    [GeneratedRegex(@"\b(?:goto|return|break|continue)\b|^\s*\w+:(?!:)")]
    private static partial Regex Jump();

    [GeneratedRegex(@"\b(?:refcount_(?:set|inc|add)|kref_(?:get|init)|atomic\w*_(?:set|inc|add))\w*\s*\((.*)")]
    private static partial Regex Counter();

    [GeneratedRegex("lock|^down|^up|guard")]
    private static partial Regex Locks();

    [GeneratedRegex("^(?:refcount_|kref_|atomic)")]
    private static partial Regex Counters();

    [GeneratedRegex(@"^get_\w+$|(?:get|hold|grab|(?<!un)ref|dup|(?<!skb_)clone)(?:_(?:rcu|unless\w*|not_zero|safe|live|track\w*|return))?$")]
    private static partial Regex Takes();

    [GeneratedRegex("put|release|unref|drop|free|consume")]
    private static partial Regex Drops();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();

    [GeneratedRegex("[A-Za-z0-9]+")]
    private static partial Regex NameWord();
}
