using Iced.Intel;
using Suture.Diff.Model;

namespace Suture.Diff.Review;

/// <summary>Which locks a function takes while it holds others of the same kind, told apart by what is handed to the calls that take them.</summary>
internal static class NestedLocks
{
    private const int MostSites = 64;

    /// <summary>What a call does to the lock that is handed to it.</summary>
    public enum Step
    {
        /// <summary>Takes it.</summary>
        Take,

        /// <summary>Takes it or fails.</summary>
        MayTake,

        /// <summary>Gives it back.</summary>
        Release,
    }

    /// <summary>All pairs on the paths through <paramref name="flow"/>; <paramref name="steps"/> says for each instruction the kind of lock and what is done to it. Empty where there are too many to follow.</summary>
    public static IReadOnlyCollection<(LockPlace Held, LockPlace Taken)> Of(ControlFlow flow, (int Family, Step Step)?[] steps)
    {
        var places = Enumerable.Range(0, steps.Length).Where(i => steps[i] is not null).ToDictionary(i => i, i => LockPlace.Of(flow, i, Register.RDI));
        var sites = places.Keys.Where(i => steps[i]!.Value.Step != Step.Release).Order().ToArray();
        if (sites.Length > MostSites)
        {
            return [];
        }
        var pairs = new HashSet<(LockPlace, LockPlace)>();
        flow.Ends(0, After, at => steps[at] is not null);
        return pairs;

        ulong[] After(int at, ulong held)
        {
            if (steps[at] is not { } step)
            {
                return [held];
            }
            var alike = Enumerable.Range(0, sites.Length).Where(s => (held >> s & 1) != 0 && steps[sites[s]]!.Value.Family == step.Family).ToList();
            if (step.Step == Step.Release)
            {
                // The one that is surely meant, else all that may be.
                var same = alike.FindAll(s => places[at].Offset is not null && places[sites[s]] == places[at]);
                var meant = same.Count > 0 ? same : alike.FindAll(s => places[sites[s]].MayBe(places[at]));
                return [(meant.Count > 0 ? meant : alike).Aggregate(held, (h, s) => h & ~(1UL << s))];
            }
            pairs.UnionWith(alike.Where(s => sites[s] != at).Select(s => (places[sites[s]], places[at])));
            var more = held | 1UL << Array.IndexOf(sites, at);
            return step.Step == Step.Take ? [more] : [more, held];
        }
    }
}
