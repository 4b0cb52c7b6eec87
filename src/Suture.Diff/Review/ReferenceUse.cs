using Suture.Diff.Model;

namespace Suture.Diff.Review;

/// <summary>
/// How often the code of a function takes and drops references. Where patched functions only drop more than they did, the old
/// code kept references that nobody dropped: the new code gives back its own, and objects of the old code have a count that is too high, never too low.
/// </summary>
public sealed class ReferenceUse
{
    private readonly int _takes;
    private readonly int _drops;

    private ReferenceUse(int takes, int drops) => (_takes, _drops) = (takes, drops);

    /// <summary>The uses in <paramref name="function"/>, which makes <paramref name="calls"/>.</summary>
    public static ReferenceUse Of(Element function, IReadOnlyCollection<string> calls)
    {
        ArgumentNullException.ThrowIfNull(function);
        return new ReferenceUse(calls.Count(MayTake) + function.Parts.Prepend(function).Sum(AtomicIncreases), calls.Count(Drops));
    }

    /// <summary>Whether all that differs from <paramref name="before"/> (null: a new function) is that more is dropped.</summary>
    public bool OnlyDropsMoreThan(ReferenceUse? before) => _takes == (before?._takes ?? 0) && _drops >= (before?._drops ?? 0);

    /// <summary>Whether a function of this name drops a reference, by the kernel's customs.</summary>
    public static bool Drops(string callee)
    {
        ArgumentNullException.ThrowIfNull(callee);
        return callee is "fput" or "iput" or "dput" or "kfree_skb_reason" or "consume_skb"
            || (callee.EndsWith("_put", StringComparison.Ordinal) && !PutsData(callee)) || callee.EndsWith("_release", StringComparison.Ordinal) || callee.EndsWith("_unref", StringComparison.Ordinal);
    }

    /// <summary>Whether a function of this name puts data into a buffer: attributes of netlink messages, bytes of packets.</summary>
    public static bool PutsData(string callee) => callee is "nla_put" or "__nla_put" or "skb_put" or "__skb_put";

    /// <summary>Whether it may take one: rather too often than too rarely. The checks of refcount_t come with increments and decrements alike.</summary>
    private static bool MayTake(string callee) => !Drops(callee) && (callee.StartsWith("refcount_", StringComparison.Ordinal)
        || callee.Contains("get", StringComparison.Ordinal) || callee.Contains("grab", StringComparison.Ordinal)
        || callee.Contains("hold", StringComparison.Ordinal) || callee.Contains("ref", StringComparison.Ordinal));

    /// <summary>Locked instructions that are not plain decrements: references are also taken in line, without a call.</summary>
    private static int AtomicIncreases(Element code) => code.Entries.Where(e => e.Section.Name == ".smp_locks")
        .Sum(e => e.References.Count(r => r.Target == code && !IsDecrement(code, code.Prefix + r.TargetOffset)));

    /// <summary>LOCK, perhaps REX, FF /1 (Intel SDM volume 2, DEC).</summary>
    private static bool IsDecrement(Element code, long offset)
    {
        const int longest = 4;
        if (offset < 0 || offset > code.Bytes.Length - longest)
        {
            return false;
        }
        var instruction = code.Bytes.Slice((int)offset, longest);
        var opcode = (instruction[1] & 0xf0) == 0x40 ? 2 : 1;
        return instruction[opcode] == 0xff && (instruction[opcode + 1] >> 3 & 7) == 1;
    }
}
