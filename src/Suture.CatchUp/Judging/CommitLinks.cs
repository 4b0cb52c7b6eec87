using Suture.CatchUp.Difference;

namespace Suture.CatchUp.Judging;

/// <summary>Why a commit is not to be carried without another.</summary>
internal enum LinkKind
{
    /// <summary>The other mends what it breaks.</summary>
    MendedBy,
    /// <summary>It rests on the other, which a stable tree took over for its sake.</summary>
    Needs,
    /// <summary>It mends the other, and may break what does not have that.</summary>
    Mends,
}

/// <summary>One commit and another that it is not to be carried without.</summary>
/// <param name="Of">The commit.</param>
/// <param name="On">The other.</param>
/// <param name="Kind">Why.</param>
internal readonly record struct CommitLink(string Of, string On, LinkKind Kind);

/// <summary>What commits say of each other.</summary>
internal static class CommitLinks
{
    /// <summary>The links of all of <paramref name="changes"/>, by the commit that they are of.</summary>
    public static ILookup<string, CommitLink> Among(IReadOnlyDictionary<string, Change> changes) =>
        changes.Values.SelectMany(c => Of(c, changes.Values)).ToLookup(l => l.Of, StringComparer.Ordinal);

    private static IEnumerable<CommitLink> Of(Change change, IEnumerable<Change> all)
    {
        var (mends, neededBy) = (change.Commit.Mends.ToList(), change.Commit.NeededBy);
        foreach (var other in mends.Count + neededBy.Count > 0 ? all.Where(o => o != change) : [])
        {
            if (other.Commit.IsOneOf(mends))
            {
                yield return new CommitLink(other.Id, change.Id, LinkKind.MendedBy);
                yield return new CommitLink(change.Id, other.Id, LinkKind.Mends);
            }
            if (other.Commit.IsOneOf(neededBy))
            {
                yield return new CommitLink(other.Id, change.Id, LinkKind.Needs);
            }
        }
    }
}
