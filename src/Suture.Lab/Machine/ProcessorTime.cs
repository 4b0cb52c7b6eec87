using System.Globalization;

namespace Suture.Lab.Machine;

/// <summary>
/// What a process has had of this machine's processors until now, and what was kept from it: by other processes (proc(5), /proc/PID/schedstat) and
/// by the machine's own host (/proc/stat, steal).
/// </summary>
/// <param name="Ran">Time its threads ran, in nanoseconds.</param>
/// <param name="Waited">Time its threads could have run and waited for a processor, in nanoseconds.</param>
/// <param name="Busy">Time in which the processors of this machine did anything, in clock ticks.</param>
/// <param name="Stolen">Time in which they would have and were not given to this machine, in clock ticks.</param>
internal readonly record struct ProcessorTime(long Ran, long Waited, long Busy, long Stolen)
{
    /// <summary>The share of the time wanted that was given since <paramref name="earlier"/>, from 0 to 1; 1 when nothing is known.</summary>
    public double ShareSince(ProcessorTime earlier) => Share(Ran - earlier.Ran, Waited - earlier.Waited) * Share(Busy - earlier.Busy, Stolen - earlier.Stolen);

    private static double Share(long given, long kept) => given <= 0 || kept <= 0 ? 1 : given / (double)(given + kept);

    /// <summary>Reads it for the children of process <paramref name="parent"/>; zeroes where this kernel does not tell.</summary>
    public static ProcessorTime OfChildren(int parent)
    {
        long ran = 0, waited = 0, busy = 0, stolen = 0;
        try
        {
            foreach (var child in Numbers(File.ReadAllText($"/proc/{parent}/task/{parent}/children")))
            {
                foreach (var thread in Directory.GetDirectories($"/proc/{child}/task"))
                {
                    if (Numbers(File.ReadAllText(Path.Combine(thread, "schedstat"))) is [var on, var queued, ..])
                    {
                        (ran, waited) = (ran + on, waited + queued);
                    }
                }
            }
            // cpu user nice system idle iowait irq softirq steal …
            if (Numbers(File.ReadLines("/proc/stat").First()) is [var user, var nice, var system, _, _, var irq, var softirq, var steal, ..])
            {
                (busy, stolen) = (user + nice + system + irq + softirq, steal);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A thread that has just ended, or a kernel without scheduler statistics.
        }
        return new ProcessorTime(ran, waited, busy, stolen);
    }

    private static List<long> Numbers(string text) =>
        [.. text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Where(w => char.IsAsciiDigit(w[0])).Select(w => long.Parse(w, CultureInfo.InvariantCulture))];
}
