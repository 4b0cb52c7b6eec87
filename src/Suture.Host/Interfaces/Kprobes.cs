namespace Suture.Host.Interfaces;

/// <summary>The kernel's list of kprobes, debugfs kprobes/list: "ffffffff812345 k  tcp_v4_rcv+0x0 [module] [DISABLED][FTRACE]".</summary>
public sealed class Kprobes(KernelPaths paths)
{
    private const int MaxLines = 100_000;

    /// <summary>Functions with a kprobe or kretprobe on them; null when the list cannot be read.</summary>
    public IReadOnlySet<string>? Functions()
    {
        try
        {
            var found = new HashSet<string>(StringComparer.Ordinal);
            foreach (var line in File.ReadLines($"{paths.Sys}/kernel/debug/kprobes/list").Take(MaxLines))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length >= 3)
                {
                    found.Add(words[2].Split('+')[0]);
                }
            }
            return found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
