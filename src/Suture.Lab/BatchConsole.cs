using Suture.Lab.Protocol;

namespace Suture.Lab;

/// <summary>The console of a boot with several trials, told apart by the guest's marks in the kernel log.</summary>
internal sealed class BatchConsole(string text)
{
    /// <summary>
    /// What was logged from the start of trial number <paramref name="trial"/> to the start of the next, for the first also the boot;
    /// null when there is no mark of its start.
    /// </summary>
    public string? Of(int trial)
    {
        var start = Find(trial);
        var end = Find(trial + 1);
        return start < 0 ? null : text[(trial == 0 ? 0 : start)..(end < 0 ? text.Length : end)];
    }

    private int Find(int trial) => text.IndexOf(GuestPlan.LogMark(trial), StringComparison.Ordinal);
}
