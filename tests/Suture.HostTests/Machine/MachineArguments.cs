namespace Suture.HostTests.Machine;

/// <summary>QEMU's command line. Pure: strings in, strings out.</summary>
internal static class MachineArguments
{
    /// <summary>Size of the guest's memory in MiB.</summary>
    public const int MemoryMiB = 768;

    /// <summary>
    /// panic=-1 and -no-reboot end QEMU at a panic and at a reboot: each boot is a process of its own. The whole kernel log goes to the
    /// console, for messages of failed tests. The next spare an emulated CPU self-tests that judge its emulation. The last two keep the timers periodic: one
    /// interrupt that emulation on a busy host loses costs a tick then, and not, as with timers that are set anew each time, the CPU.
    /// </summary>
    private const string KernelWords =
        "console=ttyS0,115200 root=/dev/vda rw panic=-1 loglevel=7 printk.devkmsg=on systemd.show_status=error no_timer_check tsc=reliable "
        + "cryptomgr.notests random.trust_cpu=on nohz=off highres=off";

    /// <summary>Where the guest's memory is.</summary>
    internal enum Memory
    {
        /// <summary>In QEMU, gone with it.</summary>
        Own,

        /// <summary>In a file, so that the machine can be saved.</summary>
        Kept,

        /// <summary>In a file of a saved machine; what changes is private to this QEMU.</summary>
        Resumed,

        /// <summary>In a copy of a saved machine's file, so that the machine can be saved again.</summary>
        Continued,
    }

    /// <summary>What differs between machines.</summary>
    /// <param name="Kvm">Virtualisation, else emulation.</param>
    /// <param name="System">The kernel and its initramfs.</param>
    /// <param name="Words">More words for the kernel's command line.</param>
    /// <param name="Disk">The machine's own qcow2 overlay.</param>
    /// <param name="Payload">A second disk, read-only; null without.</param>
    /// <param name="Memory">Where the memory is.</param>
    /// <param name="MemoryFile">For all but <see cref="Memory.Own"/>.</param>
    /// <param name="AgentSocket">A unix socket that somebody listens on.</param>
    /// <param name="ConsoleLog">Appended to.</param>
    internal sealed record Options(
        bool Kvm, DebianSystem System, string Words, string Disk, string? Payload, Memory Memory, string MemoryFile, string AgentSocket, string ConsoleLog);

    /// <summary>The arguments.</summary>
    public static IReadOnlyList<string> For(Options options) =>
    [
        "-accel", options.Kvm ? "kvm" : "tcg,thread=multi",
        // TCG wrongly applies SMAP to a user program's iretq, which .NET's exception handling executes: the kernel oopses.
        "-cpu", options.Kvm ? "host" : "max,-smap",
        "-smp", "2",
        "-object", options.Memory switch
        {
            Memory.Own => $"memory-backend-ram,id=ram,size={MemoryMiB}M",
            var memory => $"memory-backend-file,id=ram,size={MemoryMiB}M,mem-path={Quoted(options.MemoryFile)},share={(memory == Memory.Resumed ? "off" : "on")}",
        },
        "-m", $"{MemoryMiB}",
        "-machine", "pc,memory-backend=ram",
        "-nodefaults", "-no-user-config", "-no-reboot", "-nic", "none", "-display", "none", "-monitor", "none",
        "-kernel", options.System.Kernel,
        "-initrd", options.System.Initramfs,
        "-append", $"{KernelWords} {options.Words}".Trim(),
        // Unsafe only towards the host's own crash: what the guest flushed leaves QEMU, and so outlives QEMU's SIGKILL;
        // what it did not may be lost, as with a real disk's cache.
        "-drive", $"if=none,id=root,format=qcow2,cache=unsafe,file={Quoted(options.Disk)}",
        "-device", "virtio-blk-pci,drive=root",
        .. options.Payload is null ? [] : new[]
        {
            "-drive", $"if=none,id=payload,format=raw,readonly=on,file={Quoted(options.Payload)}",
            "-device", "virtio-blk-pci,drive=payload",
        },
        "-device", "virtio-serial-pci",
        "-chardev", $"socket,id=agent,path={Quoted(options.AgentSocket)}",
        "-device", "virtserialport,chardev=agent,name=suture.agent",
        "-chardev", $"file,id=console,append=on,path={Quoted(options.ConsoleLog)}",
        "-serial", "chardev:console",
        .. options.Memory is Memory.Resumed or Memory.Continued ? new[] { "-incoming", "defer" } : [],
    ];

    /// <summary>QEMU's option parser takes a doubled comma for one that is part of a value.</summary>
    private static string Quoted(string value) => value.Replace(",", ",,", StringComparison.Ordinal);
}
