using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>What a part changes about a member of a structure.</summary>
[Flags]
internal enum MemberChange
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>It is looked at where it was not, or otherwise.</summary>
    Read = 1,
    /// <summary>It is no longer looked at somewhere.</summary>
    Unread = 2,
    /// <summary>What is stored in it, or handed to what writes it, is something else.</summary>
    Written = 4,
    /// <summary>A lock is taken or given back where it was not.</summary>
    Locked = 8,
    /// <summary>A lock is no longer taken or given back somewhere.</summary>
    Unlocked = 16,
    /// <summary>Its declaration comes, goes or changes; all who use it are concerned.</summary>
    Declared = 32 | Written,
}

/// <summary>What a part changes about data that other parts may rest on, by the text of its hunks.</summary>
/// <param name="Members">What it changes about members of structures, and, behind an ampersand, about locks that are none.</param>
/// <param name="Constants">In headers, enumerators and macros without parameters whose lines change.</param>
/// <param name="Removed">Statements that go somewhere and call something.</param>
/// <param name="Added">Statements that come somewhere and call something.</param>
internal sealed partial record DataUses(IReadOnlyDictionary<string, MemberChange> Members, IReadOnlySet<string> Constants, IReadOnlySet<string> Removed, IReadOnlySet<string> Added)
{
    /// <summary>Whether a statement goes in one place of the part and comes in another.</summary>
    public bool Moves { get; private init; }

    /// <summary>Of what changes nothing about data.</summary>
    public static DataUses None { get; } = Of([], []);

    /// <summary>Whether a lock is given up somewhere, perhaps for another.</summary>
    public bool DropsLock => Members.Values.Any(c => c.HasFlag(MemberChange.Unlocked));

    /// <summary>Reads the hunks of a part.</summary>
    /// <param name="hunks">They.</param>
    /// <param name="declarations">Those of the changed lines that stand in the definition of a type.</param>
    /// <param name="isHeader">Whether they are of a header.</param>
    public static DataUses Of(IEnumerable<DiffHunk> hunks, IEnumerable<string> declarations, bool isHeader = false)
    {
        var members = new Dictionary<string, MemberChange>(StringComparer.Ordinal);
        var (constants, removed, added) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        void Add(string member, MemberChange change) => members[member] = members.GetValueOrDefault(member) | change;
        foreach (var hunk in hunks)
        {
            // Each for itself: what moves from one function to another changes both.
            var balance = new Dictionary<MemberUse, int>();
            foreach (var (mark, weight) in (ReadOnlySpan<(char, int)>)[('-', -1), ('+', 1)])
            {
                // With the lines around, for a statement may have several.
                var code = string.Join('\n', hunk.Lines.Where(l => l[0] == ' ' || l[0] == mark).Select(l => SourceWords.Code(l[1..])));
                foreach (var use in MemberUses.In(code))
                {
                    balance[use] = balance.GetValueOrDefault(use) + weight;
                }
                foreach (var statement in hunk.Lines.Where(l => l[0] == mark).Select(l => SourceWords.Code(l[1..]).Trim()).Where(l => Call().IsMatch(l)))
                {
                    (mark == '-' ? removed : added).Add(statement);
                }
            }
            foreach (var (use, count) in balance.Where(b => b.Value != 0))
            {
                Add(use.Member, use.Kind switch
                {
                    UseKind.Read => count > 0 ? MemberChange.Read : MemberChange.Unread,
                    UseKind.Lock => count > 0 ? MemberChange.Locked : MemberChange.Unlocked,
                    _ => MemberChange.Written,
                });
            }
            constants.UnionWith(isHeader ? hunk.Lines.Where(l => l[0] is '+' or '-').Select(l => Define().Match(l[1..])).Where(m => m.Success).Select(m => m.Groups[1].Value) : []);
        }
        foreach (var line in declarations.Select(SourceWords.Code))
        {
            if (Declaration().Match(line) is { Success: true } member)
            {
                Add(member.Groups[1].Success ? member.Groups[1].Value : member.Groups[2].Value, MemberChange.Declared);
            }
            else if (isHeader && Enumerator().Match(line) is { Success: true } enumerator)
            {
                constants.Add(enumerator.Groups[1].Value);
            }
        }
        // What comes and goes in the same part has not left it.
        var both = removed.Intersect(added).ToList();
        removed.ExceptWith(both);
        added.ExceptWith(both);
        return new DataUses(members, constants, removed, added) { Moves = both.Count > 0 };
    }

    // A call by itself, or what it gives stored or tested.
    [GeneratedRegex(@"^(?:if \(!?)?(?:[\w>.\-*\[\]]+ = )?[a-z_]\w*\([^(){}]*\)+;?(?: \{)?$")]
    private static partial Regex Call();

    [GeneratedRegex(@"^\s*#\s*define\s+(\w+)(?!\w|\()")]
    private static partial Regex Define();

    [GeneratedRegex(@"^\s+(?:[\w\s*]*\(\*\s*(\w+)\)\s*\(|[A-Za-z_][\w\s*,]*[\s*](\w+)\s*(?:\[[^\]]*\]\s*)*(?::\s*\d+\s*)?;)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\s*([A-Za-z_]\w*)\s*(?:=.*)?,?\s*$")]
    private static partial Regex Enumerator();
}
