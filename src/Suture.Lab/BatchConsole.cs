using Suture.Lab.Protocol;

namespace Suture.Lab;

/// <summary>The console of a boot, told apart by the guest's marks in the kernel log.</summary>
internal sealed class BatchConsole(string text)
{
    /// <summary>What was logged before the first livepatch was loaded: boot, drivers, programs on the unpatched kernel. Empty when there is no mark.</summary>
    public string Unpatched => text[..Math.Max(0, UnpatchedEnd)];

    /// <summary>
    /// What was logged from the start of trial number <paramref name="trial"/>, for the first from when its livepatch was loaded, to the start of the next; null when
    /// there is no mark of its start. Later trials count from their start: what the livepatch before left behind may strike then.
    /// </summary>
    public string? Of(int trial)
    {
        var start = trial == 0 ? UnpatchedEnd : Find(GuestPlan.LogMark(trial));
        var end = Find(GuestPlan.LogMark(trial + 1));
        return start < 0 ? null : text[start..(end < 0 ? text.Length : end)];
    }

    /// <summary>Without a mark of the livepatch's own the trial ended before it.</summary>
    private int UnpatchedEnd => Find(GuestPlan.LivepatchMark(0)) is >= 0 and var livepatch ? livepatch : Find(GuestPlan.LogMark(0));

    private int Find(string mark) => text.IndexOf(mark, StringComparison.Ordinal);
}
