using Suture.Host.Interfaces;
using Suture.Module;

namespace Suture.Host.Preflight;

/// <summary>Who else has a hand on the functions that a livepatch replaces: other livepatches and kprobes.</summary>
public sealed class FunctionOwners(KernelPaths paths)
{
    private readonly LivepatchSysfs _sysfs = new(paths);

    /// <summary>What could not be checked; null when nothing.</summary>
    public string? Note { get; private set; }

    /// <summary>
    /// Why <paramref name="note"/> may not be applied beside what is there; null when it may. <paramref name="isOurs"/> says of a livepatch
    /// module whether Suture applied it: only these may be replaced.
    /// </summary>
    public Refusal? Refusal(LivepatchNote note, Func<string, bool> isOurs)
    {
        ArgumentNullException.ThrowIfNull(note);
        ArgumentNullException.ThrowIfNull(isOurs);
        var mine = note.Functions.Select(f => (f.Object, f.Name, Math.Max(f.Sympos, 1))).ToHashSet();
        foreach (var other in _sysfs.Names().Where(n => n != note.Module))
        {
            if (_sysfs.InTransition(other) == true)
            {
                return Host($"livepatch {other} is in transition, and the kernel makes one at a time", "wait until it is over (suture status), or turn it round: suture revert");
            }
            var shared = _sysfs.Functions(other).Where(mine.Contains).Select(f => f.Name).Order(StringComparer.Ordinal).ToList();
            if (shared.Count > 0 && !(note.Replace && isOurs(other)))
            {
                return Host($"{string.Join(", ", shared)}: already patched by livepatch {other}", isOurs(other)
                    ? $"build a cumulative patch that replaces it (suture build without --no-replace), or take it back first: suture revert {other}"
                    : $"{other} was not applied by Suture: take it off with the tool that applied it");
            }
            if (note.Replace && !isOurs(other))
            {
                return Host($"{note.Module} replaces every other livepatch, and {other} was not applied by Suture",
                    $"take {other} off with the tool that applied it, or build with --no-replace");
            }
        }
        var probed = new Kprobes(paths).Functions();
        Note = probed is null ? $"not checked for kprobes: {paths.Sys}/kernel/debug/kprobes/list cannot be read (debugfs is not mounted, or the kernel has no kprobes)" : null;
        var lost = note.Functions.Where(f => probed?.Contains(f.Name) == true).Select(f => f.Name).Order(StringComparer.Ordinal).ToList();
        return lost.Count == 0 ? null : Host($"{string.Join(", ", lost)}: a kprobe is on it, and would silently see nothing once the function is replaced",
            $"stop the tracer first; who it is: cat {paths.Sys}/kernel/debug/kprobes/list");
    }

    private static Refusal Host(string message, string advice) => new(RefusalKind.Host, message, advice);
}
