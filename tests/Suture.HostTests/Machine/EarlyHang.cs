using System.Text;

namespace Suture.HostTests.Machine;

/// <summary>
/// Tells a boot whose kernel hangs before it has started any program. Emulation of several CPUs (QEMU 7.2, each in a thread) has been
/// seen to do that on a busy host, rarely, and long before anything under test is there; such a boot is tried again. A
/// hang after the first program has started is never taken for one.
/// </summary>
/// <param name="consoleLog">Where the console's output goes.</param>
/// <param name="start">Its size before this boot.</param>
internal sealed class EarlyHang(string consoleLog, long start)
{
    private const string FirstProgram = "as init process";

    /// <summary>What the other CPU says when one got no timer interrupt any more; it says so every 21 s, so the console is not silent.</summary>
    private const string Stall = "rcu_preempt detected stalls";

    /// <summary>A kernel that boots is never silent for so long, however slow the host.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>Waits for <paramref name="up"/>; true when the kernel hung instead.</summary>
    /// <exception cref="TimeoutException">Neither within <paramref name="limit"/>.</exception>
    public async Task<bool> HappensBeforeAsync(Task up, TimeSpan limit)
    {
        var deadline = DateTime.UtcNow + limit;
        var (size, since) = (-1L, DateTime.UtcNow);
        while (await Task.WhenAny(up, Task.Delay(200)) != up)
        {
            var now = DateTime.UtcNow;
            var sizeNow = File.Exists(consoleLog) ? new FileInfo(consoleLog).Length : start;
            if (sizeNow != size)
            {
                (size, since) = (sizeNow, now);
            }
            if (Hangs(SinceStart(), now - since))
            {
                return true;
            }
            if (now > deadline)
            {
                throw new TimeoutException();
            }
        }
        await up;
        return false;
    }

    private static bool Hangs(string console, TimeSpan silent) =>
        !console.Contains(FirstProgram, StringComparison.Ordinal) && (silent > Silence || console.Contains(Stall, StringComparison.Ordinal));

    private string SinceStart()
    {
        if (!File.Exists(consoleLog))
        {
            return "";
        }
        using var file = new FileStream(consoleLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(start, SeekOrigin.Begin);
        using var reader = new StreamReader(file, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
