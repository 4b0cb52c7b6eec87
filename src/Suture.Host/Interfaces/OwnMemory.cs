using System.Globalization;

namespace Suture.Host.Interfaces;

/// <summary>This process's own memory, as /proc/self/smaps shows it.</summary>
internal static class OwnMemory
{
    private const int DontNeed = 4; // MADV_DONTNEED

    /// <summary>
    /// Unmaps the pages of this program's file that nothing has changed: a sleeper has no use for what starting took. They stay in the
    /// page cache, from where the next use maps them again. A mapping that may be written, or was, is left alone: its pages exist only here.
    /// </summary>
    public static void ReleaseProgramPages()
    {
        var program = Environment.ProcessPath;
        var mapping = default((nuint Start, nuint Length));
        foreach (var line in File.ReadLines("/proc/self/smaps").ToList())
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [var range, var access, _, _, _, ..] && range.Split('-') is [var start, var end] && !range.EndsWith(':'))
            {
                var isProgram = words.Length == 6 && words[5] == program && !access.Contains('w', StringComparison.Ordinal);
                var from = nuint.Parse(start, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                mapping = isProgram ? (from, nuint.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture) - from) : default;
            }
            else if (words is ["Anonymous:", "0", _] && mapping.Length > 0)
            {
                // Advice: where the kernel does not take it, nothing is lost.
                _ = Posix.Advise(mapping.Start, mapping.Length, DontNeed);
            }
        }
    }
}
