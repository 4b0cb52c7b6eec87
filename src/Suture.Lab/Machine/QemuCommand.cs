using System.Diagnostics;
using System.Globalization;

namespace Suture.Lab.Machine;

/// <summary>The QEMU command line. Pure: it starts nothing.</summary>
internal static class QemuCommand
{
    /// <summary>The program and the Debian package that has it.</summary>
    public const string Program = "qemu-system-x86_64";

    /// <inheritdoc cref="Program"/>
    public const string Package = "qemu-system-x86";

    /// <summary>
    /// oops=panic with panic=-1 and -no-reboot ends QEMU at the first oops, with its report in the log: the task that
    /// oopsed may be the one that all wait for. printk.devkmsg=on lets no mark of the guest's be dropped. tsc=reliable and the rest spare an emulated CPU self-tests that judge its
    /// emulation, not the livepatch.
    /// </summary>
    private const string KernelArguments =
        "console=ttyS0,115200 ignore_loglevel panic=-1 oops=panic printk.time=1 printk.devkmsg=on no_timer_check tsc=reliable "
        + "cryptomgr.notests random.trust_cpu=on rdinit=/init";

    /// <summary>Arguments that boot the kernel with the initramfs: console to a file, events to QEMU's standard output.</summary>
    public static IReadOnlyList<string> Boot(bool kvm, string kernel, string initramfs, string consoleLog) =>
    [
        .. Common(kvm, kernel),
        "-initrd", initramfs,
        "-append", KernelArguments,
        "-chardev", $"file,id=console,path={Quoted(consoleLog)}",
        "-serial", "chardev:console",
        "-chardev", "stdio,id=events,signal=off",
        "-serial", "chardev:events",
    ];

    /// <summary>
    /// Arguments that boot the kernel with nothing to run. Where virtualisation works, it comes as far as the panic over its missing
    /// root file system within a second; panic=-1 and -no-reboot then end QEMU.
    /// </summary>
    public static IReadOnlyList<string> BootNothing(bool kvm, string kernel) =>
    [
        .. Common(kvm, kernel),
        "-append", KernelArguments,
        "-serial", "stdio",
    ];

    /// <summary>Runs QEMU under coreutils' timeout, which ends it after <paramref name="lifetime"/> even when this program is gone.</summary>
    public static ProcessStartInfo Bounded(TimeSpan lifetime, string qemu, IReadOnlyList<string> arguments) =>
        new("timeout", ["-s", "KILL", Math.Ceiling(lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture), qemu, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

    private static IReadOnlyList<string> Common(bool kvm, string kernel) =>
    [
        "-accel", kvm ? "kvm" : "tcg",
        // TCG wrongly applies SMAP to a user program's iretq, which .NET's exception handling executes: the kernel oopses.
        "-cpu", kvm ? "host" : "max,-smap",
        "-smp", Cpus(kvm).ToString(CultureInfo.InvariantCulture),
        "-m", "1024",
        "-nodefaults", "-no-user-config", "-no-reboot", "-nic", "none",
        "-display", "none", "-monitor", "none",
        "-kernel", kernel,
    ];

    /// <summary>
    /// Two CPUs make a transition meet tasks that run, as on real machines. Emulated, they only slow each other down.
    /// </summary>
    private static int Cpus(bool kvm) => kvm ? 2 : 1;

    /// <summary>QEMU's option parser takes a doubled comma for one that is part of a value.</summary>
    private static string Quoted(string value) => value.Replace(",", ",,", StringComparison.Ordinal);
}
