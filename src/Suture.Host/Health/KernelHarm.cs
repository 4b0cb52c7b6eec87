using System.Text.RegularExpressions;

namespace Suture.Host.Health;

/// <summary>
/// Tells from a line of the kernel log whether the kernel came to harm. Taints, the livepatch core's own reports and complaints of a
/// virtual machine's firmware are no harm.
/// </summary>
public static partial class KernelHarm
{
    /// <summary>
    /// Whether a kind of harm speaks against a livepatch on a host at work. Modules that do not load and bare call traces are somebody
    /// else's there, unlike in a lab, where nothing else happens.
    /// </summary>
    public static bool IsAlarming(string kind) => kind is not ("module" or "call trace" or "livepatch");

    /// <summary>The kind of harm that one line reports, or null.</summary>
    public static string? KindOf(string line)
    {
        var text = TimeStamp().Replace(line, "");
        if (Harmless().IsMatch(text))
        {
            return null;
        }
        foreach (var (kind, pattern) in Harms)
        {
            if (pattern.IsMatch(text))
            {
                return kind;
            }
        }
        return null;
    }

    // The first that matches names the line, so the specific come before the general.
    private static readonly (string Kind, Regex Pattern)[] Harms =
    [
        ("panic", Panic()),
        ("soft lockup", Lockup()),
        ("rcu stall", RcuStall()),
        ("hung task", HungTask()),
        ("lockdep", Lockdep()),
        ("oops", Oops()),
        ("bug", Bug()),
        ("warning", Warning()),
        ("livepatch", Livepatch()),
        ("module", Module()),
        ("call trace", CallTrace()),
    ];

    [GeneratedRegex(@"^(<\d+>)?\[\s*\d+\.\d+\](\[\s*[TC]\d+\])?\s?")]
    private static partial Regex TimeStamp();

    // "WARNING: Spectre v2 mitigation leaves CPU vulnerable" and the like are about the CPU that QEMU shows;
    // "traps: probe[77] general protection fault" is about a program, whose name may be anything: "Oops[77]: segfault at 0", "Killed process 77 (Oops)".
    [GeneratedRegex(@"^(Spectre|Spectre V2|MDS|TAA|MMIO Stale Data|Retbleed|SRBDS|VMSCAPE|ITS|RETBleed)\b.*: |^WARNING: Spectre v2|^Kernel command line|^Command line|^traps: "
        + @"|^.{1,20}\[\d+\]: |^process '|^audit: |^(Memory cgroup out|Out) of memory: |^oom-kill:|^Tasks state|^\[ *\d+\] ")]
    private static partial Regex Harmless();

    [GeneratedRegex(@"Kernel panic - not syncing")]
    private static partial Regex Panic();

    [GeneratedRegex(@"soft lockup|hard LOCKUP|watchdog: BUG")]
    private static partial Regex Lockup();

    [GeneratedRegex(@"rcu:? .*(self-detected stall|detected stalls?|detected expedited stalls|kthread starved)|rcu_\w+ kthread starved")]
    private static partial Regex RcuStall();

    [GeneratedRegex(@"INFO: task .* blocked for more than")]
    private static partial Regex HungTask();

    [GeneratedRegex(@"INFO: possible|possible (recursive|circular|irq) ?lock|inconsistent lock state|WARNING: (possible|suspicious|bad unlock|lock held|nested lock)|suspicious RCU usage|^softirq: huh, entered softirq|BUG: (sleeping function|scheduling while atomic|Invalid wait context)")]
    private static partial Regex Lockdep();

    [GeneratedRegex(@"\bOops\b|general protection fault|unable to handle|double fault|invalid opcode:|divide error:|int3: \d|stack segment:|Missing ENDBR|control protection|stack guard page was hit|Fixing recursive fault")]
    private static partial Regex Oops();

    [GeneratedRegex(@"\bkernel BUG at|\bBUG: |\bBUG at |UBSAN: |KASAN: |KFENCE: |KCSAN: |refcount_t: |list_(add|del) corruption|Bad page state|Bad rss-counter|suspected memory leak|unregister_netdevice: waiting for ")]
    private static partial Regex Bug();

    [GeneratedRegex(@"\bWARNING: |-+\[ cut here \]-+|unchecked MSR access|\bINFO: trying to register")]
    private static partial Regex Warning();

    // All that the livepatch core says when things go well (kernel/livepatch/core.c, transition.c); the rest is trouble.
    [GeneratedRegex(@"^livepatch: (?!enabling patch|signaling remaining tasks|tainting kernel|applying patch|reverting patch|'[^']+': (initializing|starting|completing|reversing|canceling|patching|unpatching))|x86/modules: |\.klp\.")]
    private static partial Regex Livepatch();

    [GeneratedRegex(@"Unknown symbol|disagrees about version of symbol|version magic .* should be|no symbol version for|Invalid relocation target|Unknown rela relocation|overflow in relocation type|unsupported relocation|module_layout|Skipping invalid relocation|Invalid module|exec format error", RegexOptions.IgnoreCase)]
    private static partial Regex Module();

    [GeneratedRegex(@"^Call Trace:")]
    private static partial Regex CallTrace();
}
