using System.Text.RegularExpressions;
using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>One part of a difference that is not to be carried without another: both change what is done with the same data.</summary>
/// <param name="Of">The part.</param>
/// <param name="On">The other.</param>
/// <param name="Why">What couples them, as a sentence.</param>
internal sealed record DataLink(string Of, string On, string Why);

/// <summary>
/// Parts that rest on each other without naming each other's functions: what the one prepares, the other uses. By the text alone a member of a structure is known by its name, which
/// says something when few declare one that is called so. Commits need none of this: their authors put together what belongs together.
/// </summary>
internal static partial class DataLinks
{
    /// <summary>No parts, no links.</summary>
    public static ILookup<string, DataLink> None { get; } = Array.Empty<DataLink>().ToLookup(l => l.Of, StringComparer.Ordinal);

    /// <summary>Files that may declare something of a member's name for it to mean the same in neighbouring files, and in any.</summary>
    private const int MostDeclarationsNear = 10, MostDeclarations = 2;

    /// <summary>Directories that may use it. What is used everywhere, changes for many reasons.</summary>
    private const int MostDirectoriesNear = 16, MostDirectories = 4;

    /// <summary>Shorter statements are in many places.</summary>
    private const int ShortestMoved = 14;

    /// <summary>The links among the parts of a difference, by the part that they are of.</summary>
    public static ILookup<string, DataLink> Among(SourceDifference difference, CancellationToken cancellation)
    {
        if (difference.Files is not { } files)
        {
            return None;
        }
        var parts = difference.Changes;
        var (shared, moved) = (SharedMembers(parts).ToList(), Moved(parts).ToList());
        var spread = files.SpreadOf(shared.Select(s => Bare(s.Name)).Concat(moved.SelectMany(m => Callees(m.Name))).ToHashSet(StringComparer.Ordinal), cancellation);
        return shared.Where(s => Matters(s.One.Data, s.Other.Data, s.Name) && IsOne(s.Name, s.One, s.Other, files, spread))
            .Select(s => new DataLink(s.One.Id, s.Other.Id, $"both change what is done with {(s.Name[0] == '&' ? "lock" : "member")} '{Bare(s.Name)}'"))
            .Concat(moved.Where(m => IsOneStatement(m.Name, m.One, m.Other, spread)).Select(m => new DataLink(m.One.Id, m.Other.Id, $"'{m.Name}' moves from the one to the other")))
            .Concat(ByNewFunction(parts))
            .Concat(ByConstant(parts, files))
            .ToLookup(l => l.Of, StringComparer.Ordinal);
    }

    /// <summary>Whether two parts mean the same member, or lock, by a name.</summary>
    private static bool IsOne(string name, Change a, Change b, ChangedFiles files, NameSpread spread)
    {
        bool IsDeclared(Change at) => at.Data.Members[name].HasFlag(MemberChange.Declared);
        var (declarations, directories) = (spread.Declarations(Bare(name)), spread.Directories(Bare(name)));
        var isDeclared = IsDeclared(a) || IsDeclared(b);
        var isNear = AreNeighbours(a.Path, b.Path) || files.Includes(a.Path, b.Path) || files.Includes(b.Path, a.Path);
        return a.Path == b.Path
            || (isNear ? declarations <= MostDeclarationsNear && (isDeclared || directories <= MostDirectoriesNear)
                : !isDeclared && declarations <= MostDeclarations && directories <= MostDirectories);
    }

    private static bool IsOneStatement(string statement, Change a, Change b, NameSpread spread) =>
        a.Path == b.Path || (AreNeighbours(a.Path, b.Path) && Callees(statement).Any(c => spread.Directories(c) <= MostDirectories));

    /// <summary>What a part no longer does where it did, but in a new function, is done where that is called.</summary>
    private static IEnumerable<DataLink> ByNewFunction(IReadOnlyList<Change> parts) =>
        from part in parts
        where part.Data.Moves
        from item in part.Items
        where item.IsCallable && !item.IsLocal && part.Defines(item.Name)
        from other in parts
        where other.Path != part.Path && !other.IsHeader && other.Adds(item.Name)
        select new DataLink(part.Id, other.Id, $"what moves to '{item.Name}' is done only where that calls it");

    /// <summary>The compiler knows the constants of the header that it is given.</summary>
    private static IEnumerable<DataLink> ByConstant(IReadOnlyList<Change> parts, ChangedFiles files) =>
        from header in parts
        from constant in header.Data.Constants
        from part in parts
        where part.Path != header.Path && part.Mentions(constant) && files.Includes(part.Path, header.Path)
        select new DataLink(part.Id, header.Id, $"it uses '{constant}', which changes there");

    /// <summary>
    /// Whether what <paramref name="one"/> does with a member may be wrong without what <paramref name="other"/> does with it. Looking at it in both is not, nor is to look at it less,
    /// nor to take a lock more when none is given up for it.
    /// </summary>
    internal static bool Matters(DataUses one, DataUses other, string member)
    {
        const MemberChange locks = MemberChange.Locked | MemberChange.Unlocked;
        var (mine, its) = (one.Members[member], other.Members[member]);
        return mine.HasFlag(MemberChange.Written) || (its.HasFlag(MemberChange.Written) && mine != MemberChange.Unread)
            || ((its & locks) != 0 && (mine.HasFlag(MemberChange.Unlocked) || (mine.HasFlag(MemberChange.Locked) && one.DropsLock)));
    }

    /// <summary>Members that two parts change something about, each pair both ways.</summary>
    private static IEnumerable<(string Name, Change One, Change Other)> SharedMembers(IReadOnlyList<Change> parts) =>
        from member in parts.SelectMany(p => p.Data.Members.Keys.Select(m => (Name: m, Part: p))).GroupBy(m => m.Name, m => m.Part, StringComparer.Ordinal)
        from one in member
        from other in member
        where one != other
        select (member.Key, one, other);

    /// <summary>Statements that go in one part and come in another, both ways: with the one alone it is done twice, with the other alone not at all.</summary>
    private static IEnumerable<(string Name, Change One, Change Other)> Moved(IReadOnlyList<Change> parts)
    {
        var added = parts.SelectMany(p => p.Data.Added.Select(s => (Statement: s, Part: p))).ToLookup(a => a.Statement, a => a.Part, StringComparer.Ordinal);
        return from part in parts
               from statement in part.Data.Removed
               where statement.Length >= ShortestMoved
               from other in added[statement]
               where other != part
               from pair in new[] { (statement, part, other), (statement, other, part) }
               select pair;
    }

    /// <summary>Whether files lie in the same directory, or the one's lies in the other's.</summary>
    private static bool AreNeighbours(string a, string b)
    {
        var (of, and) = (Path.GetDirectoryName(a), Path.GetDirectoryName(b));
        return of == and || Path.GetDirectoryName(of) == and || of == Path.GetDirectoryName(and);
    }

    private static string Bare(string member) => member.TrimStart('&');

    private static IEnumerable<string> Callees(string statement) => Callee().Matches(statement).Select(m => m.Groups[1].Value).Where(n => n != "if");

    [GeneratedRegex(@"\b(\w+)\s*\(")]
    private static partial Regex Callee();
}
