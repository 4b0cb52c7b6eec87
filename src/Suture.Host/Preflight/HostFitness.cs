using Suture.Host.Interfaces;

namespace Suture.Host.Preflight;

/// <summary>How a check of the host ended.</summary>
public enum FitnessGrade
{
    /// <summary>In order.</summary>
    Ok,
    /// <summary>Works, but someone should look.</summary>
    Warn,
    /// <summary>Live patching does not work until this is mended.</summary>
    Fail,
}

/// <summary>One check of the host.</summary>
/// <param name="Name">What is checked.</param>
/// <param name="Grade">How it ended.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Remedy">What to do about it; empty when it is in order.</param>
public sealed record FitnessCheck(string Name, FitnessGrade Grade, string Detail, string Remedy = "");

/// <summary>Whether this kernel, as it is configured and runs now, takes livepatches. What <c>doctor</c> shows, and <c>apply</c> insists on.</summary>
public sealed class HostFitness(KernelPaths kernel, HostPaths paths)
{
    private readonly RunningKernel _running = new(kernel);

    /// <summary>The checks that do not depend on a patch.</summary>
    public IReadOnlyList<FitnessCheck> Checks() =>
    [
        Root(), Switch(), Livepatching(), Tracing(), Modules(), StackTraces(), BuildId(), Memory(),
    ];

    /// <summary>The first check that fails, as a refusal; null when none does.</summary>
    public Refusal? Refusal() => Checks().Where(c => c.Grade == FitnessGrade.Fail)
        .Select(c => new Refusal(RefusalKind.Host, c.Detail, c.Remedy)).FirstOrDefault();

    /// <summary>Why everything is switched off; null when it is not.</summary>
    public string? SwitchedOff() =>
        _running.CommandLineHas("suture=off") ? "suture=off is on the kernel command line"
        : File.Exists(paths.DisabledFile) ? $"{paths.DisabledFile} exists"
        : null;

    private static FitnessCheck Root() => Posix.EffectiveUser == 0
        ? new("root", FitnessGrade.Ok, "running as root")
        : new("root", FitnessGrade.Fail, "only root can change the running kernel", "run it with sudo");

    private FitnessCheck Switch() => SwitchedOff() is { } why
        ? new("switch", FitnessGrade.Fail, $"Suture is switched off: {why}",
            File.Exists(paths.DisabledFile) ? $"remove {paths.DisabledFile} to switch it on" : "boot without suture=off to switch it on")
        : new("switch", FitnessGrade.Ok, "Suture is switched on");

    private FitnessCheck Livepatching() => _running.HasLivepatching
        ? new("livepatching", FitnessGrade.Ok, $"kernel {_running.Release} has livepatching")
        : new("livepatching", FitnessGrade.Fail, $"kernel {_running.Release} has no livepatching (there is no {kernel.Livepatches})",
            "boot a kernel built with CONFIG_LIVEPATCH=y, as Debian's are");

    private FitnessCheck Tracing() => _running.FtraceEnabled switch
    {
        true => new("ftrace", FitnessGrade.Ok, "function tracing is on"),
        false => new("ftrace", FitnessGrade.Fail, "function tracing is switched off (kernel.ftrace_enabled = 0), and livepatches are applied through it",
            "switch it on: sysctl kernel.ftrace_enabled=1, and look in /etc/sysctl.d for who switched it off"),
        null => new("ftrace", FitnessGrade.Fail, "this kernel has no function tracing (there is no kernel.ftrace_enabled)", "boot a kernel built with CONFIG_DYNAMIC_FTRACE_WITH_REGS=y or _ARGS=y"),
    };

    private FitnessCheck Modules() => _running.ModulesDisabled
        ? new("modules", FitnessGrade.Fail, "loading modules was switched off until the next boot (kernel.modules_disabled = 1)",
            "find who sets it (/etc/sysctl.d), and let suture-boot.service run before")
        : SignaturesDemanded() is { } who
            ? new("modules", FitnessGrade.Warn, $"only signed modules load ({who})", "sign modules with a key that this kernel knows: one enrolled with mokutil, or of the kernel build")
            : new("modules", FitnessGrade.Ok, "modules load without a signature");

    /// <summary>What makes the kernel insist on signatures; null when it does not.</summary>
    public string? SignaturesDemanded() =>
        _running.SignaturesEnforced ? "module.sig_enforce=1"
        : _running.Lockdown is { } mode ? $"lockdown={mode}"
        : null;

    private FitnessCheck StackTraces() => File.Exists(Path.Combine(kernel.Proc, "self/patch_state"))
        ? new("tasks", FitnessGrade.Ok, "transitions go task by task (reliable stack traces)")
        : new("tasks", FitnessGrade.Warn, "the kernel does not tell which tasks a transition waits for (no /proc/PID/patch_state)", "transitions still work; a stalled one cannot be explained");

    private FitnessCheck BuildId() => _running.BuildId is { } id
        ? new("build-id", FitnessGrade.Ok, id)
        : new("build-id", FitnessGrade.Fail, $"the kernel does not show its build-id ({kernel.Sys}/kernel/notes)", "run as root; without it nobody can tell one build of a release from another");

    private FitnessCheck Memory() => File.Exists(kernel.Core) && _running.Lockdown != "confidentiality"
        ? new("memory", FitnessGrade.Ok, "the code in memory can be compared with what a patch was built against")
        : new("memory", FitnessGrade.Warn, "/proc/kcore cannot be read: the code in memory is not compared", "nothing to do under lockdown; else boot a kernel built with CONFIG_PROC_KCORE=y");
}
