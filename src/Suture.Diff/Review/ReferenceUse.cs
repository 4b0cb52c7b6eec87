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

    /// <summary>The uses in <paramref name="function"/>, which makes <paramref name="calls"/> and counts in line by <paramref name="counts"/>, named as <see cref="InlineCount"/> does.</summary>
    internal static ReferenceUse Of(Element function, IReadOnlyCollection<string> calls, IReadOnlyCollection<string> counts) => new(
        calls.Count(MayTake) + function.Parts.Prepend(function).Sum(AtomicIncreases) + counts.Count(c => InlineCount.IsPerProcessor(c) && InlineCount.IsUp(c)),
        calls.Count(ReferenceNames.Drops) + counts.Count(InlineCount.IsDown));

    /// <summary>Whether all that differs from <paramref name="before"/> (null: a new function) is that more is dropped.</summary>
    public bool OnlyDropsMoreThan(ReferenceUse? before) => _takes == (before?._takes ?? 0) && _drops >= (before?._drops ?? 0);

    /// <summary>Whether something that dropped references in <paramref name="before"/> is no more: that may have moved to where it comes too often.</summary>
    public bool DropsFewerThan(ReferenceUse? before) => _drops < (before?._drops ?? 0);

    /// <summary>Whether it may take one: rather too often than too rarely. The checks of refcount_t come with increments and decrements alike.</summary>
    private static bool MayTake(string callee) => !ReferenceNames.Drops(callee) && (callee.StartsWith("refcount_", StringComparison.Ordinal)
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
