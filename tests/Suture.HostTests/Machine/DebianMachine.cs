using System.Net.Sockets;
using System.Text.Json.Nodes;
using Suture.Lab;
using Suture.Lab.Machine;

namespace Suture.HostTests.Machine;

/// <summary>
/// A Debian system in QEMU: boot it or resume a saved one, run commands in it, reboot it, cut its power and boot it again from the
/// disk it has then. All it has is in a directory of its own that goes with it, except the console log.
/// </summary>
internal sealed class DebianMachine : IAsyncDisposable
{
    /// <summary>Emulated on a busy host, a boot has taken a minute.</summary>
    private static readonly TimeSpan BootLimit = TimeSpan.FromMinutes(4);
    private const int MaxKernelHangs = 4;
    private static readonly TimeSpan CommandLimit = TimeSpan.FromMinutes(2);

    private readonly DebianSystem _system;
    private readonly bool _kvm;
    private readonly string _directory;
    private string? _payload;
    private QemuProcess? _qemu;
    private GuestAgent? _agent;

    private DebianMachine(DebianSystem system, bool kvm, string name)
    {
        (_system, _kvm) = (system, kvm);
        _directory = Directory.CreateTempSubdirectory("suture-machine-").FullName;
        var logs = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts/host-tests")).FullName;
        ConsoleLog = Path.Combine(logs, $"{name}.console");
        File.Delete(ConsoleLog);
    }

    /// <summary>The guest's kernel release.</summary>
    public string Release => _system.Release;

    /// <summary>What came out at the serial console since the machine was made: the kernel's log and systemd's complaints. Stays.</summary>
    public string ConsoleLog { get; }

    private string Disk => Path.Combine(_directory, "disk.qcow2");

    private string MemoryFile => Path.Combine(_directory, SavedMachine.MemoryName);

    private GuestAgent Agent => _agent ?? throw new InvalidOperationException("the machine is off: boot it first");

    private QemuProcess Qemu => _qemu ?? throw new InvalidOperationException("the machine is off: boot it first");

    /// <summary>Boots a fresh system and waits until its agent answers; <see cref="WaitUntilUpAsync"/> waits for the rest.</summary>
    /// <param name="name">Names the console log.</param>
    /// <param name="words">More words for the kernel's command line.</param>
    /// <param name="payloadDirectory">Its files are on a read-only disk mounted at /payload; null without.</param>
    /// <param name="saveable">Whether <see cref="SaveAsync"/> will be called: the memory is in a file then.</param>
    public static async Task<DebianMachine> BootAsync(string name, string words = "", string? payloadDirectory = null, bool saveable = false)
    {
        var system = await DebianSystem.GetAsync();
        var acceleration = await Acceleration.ChooseAsync(AccelChoice.Auto, system.Kernel, CancellationToken.None);
        var machine = new DebianMachine(system, acceleration.Kvm, name);
        try
        {
            if (payloadDirectory is not null)
            {
                machine._payload = Path.Combine(machine._directory, "payload.ext4");
                await DiskImage.PayloadAsync(payloadDirectory, machine._payload);
            }
            await DiskImage.OverlayAsync(system.Disk, machine.Disk);
            await machine.PowerOnAsync(words, saveable);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Goes on where <paramref name="saved"/> stopped, on a disk and a memory of its own, with the clock set right.</summary>
    /// <param name="saved">Where to go on.</param>
    /// <param name="name">Names the console log.</param>
    /// <param name="saveable">Whether <see cref="SaveAsync"/> will be called: the memory is copied then.</param>
    public static async Task<DebianMachine> ResumeAsync(SavedMachine saved, string name, bool saveable = false)
    {
        var machine = new DebianMachine(saved.System, saved.Kvm, name) { _payload = saved.Payload };
        try
        {
            await DiskImage.OverlayAsync(saved.Disk, machine.Disk);
            if (saveable)
            {
                await HostProgram.OutputAsync("cp", "--sparse=always", saved.MemoryFile, machine.MemoryFile);
            }
            await machine.StartQemuAsync("", saveable ? MachineArguments.Memory.Continued : MachineArguments.Memory.Resumed, saveable ? machine.MemoryFile : saved.MemoryFile);
            var qmp = machine.Qemu.Qmp;
            await qmp.RunAsync("migrate-set-capabilities", SavedMachine.Capabilities());
            await qmp.RunAsync("migrate-incoming", new JsonObject { ["uri"] = $"exec:cat '{saved.StateFile}'" });
            await SavedMachine.MigratedAsync(qmp);
            await qmp.RunAsync("cont");
            await machine.SucceedAsync($"date -s @{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0:0.000}");
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the machine and keeps it as it is now, for <see cref="ResumeAsync"/>. This object is of no use after it.</summary>
    public async Task<SavedMachine> SaveAsync()
    {
        await SucceedAsync("sync");
        var saved = new SavedMachine(_system, _kvm, _directory, _payload);
        var qmp = Qemu.Qmp;
        await qmp.RunAsync("stop");
        await qmp.RunAsync("migrate-set-capabilities", SavedMachine.Capabilities());
        await qmp.RunAsync("migrate", new JsonObject { ["uri"] = $"exec:cat >'{saved.StateFile}'" });
        await SavedMachine.MigratedAsync(qmp);
        await qmp.RunAsync("quit");
        if (!await Qemu.EndsWithinAsync(TimeSpan.FromSeconds(60)))
        {
            throw new TimeoutException("QEMU does not quit");
        }
        await OffAsync();
        return saved;
    }

    /// <summary>Waits until systemd has done all there is to do at boot.</summary>
    /// <returns>What systemd says of itself: <c>running</c>, or <c>degraded</c> when units failed.</returns>
    public async Task<string> WaitUntilUpAsync() => (await RunAsync("systemctl is-system-running --wait", BootLimit)).Output.Trim();

    /// <summary>Runs a bash script as root and waits for its end; after the limit (two minutes) it is killed, and the result says so.</summary>
    public async Task<CommandResult> RunAsync(string script, TimeSpan? limit = null, ReadOnlyMemory<byte> input = default) =>
        await (await StartAsync(script, input)).WithinAsync(limit ?? CommandLimit);

    /// <summary>Runs a bash script that must succeed; its standard output.</summary>
    public async Task<string> SucceedAsync(string script, TimeSpan? limit = null)
    {
        var result = await RunAsync(script, limit);
        return result is { ExitCode: 0, TimedOut: false }
            ? result.Output
            : throw new CommandFailedException($"{result}\nconsole: {ConsoleLog}");
    }

    /// <summary>Starts a bash script and leaves it running beside others.</summary>
    public Task<GuestCommand> StartAsync(string script, ReadOnlyMemory<byte> input = default) => Agent.StartAsync(script, input);

    /// <summary>Writes a file in the guest.</summary>
    /// <param name="path">Absolute; its directory is made.</param>
    /// <param name="bytes">What is in it.</param>
    /// <param name="mode">As chmod takes it.</param>
    public async Task PutAsync(string path, ReadOnlyMemory<byte> bytes, string mode = "644")
    {
        var result = await RunAsync($"mkdir -p \"$(dirname {Quoted(path)})\" && cat >{Quoted(path)} && chmod {mode} {Quoted(path)}", input: bytes);
        if (result.ExitCode != 0)
        {
            throw new CommandFailedException(result.ToString());
        }
    }

    /// <summary>Reads a file of the guest's.</summary>
    public async Task<byte[]> GetAsync(string path)
    {
        var result = await RunAsync($"cat {Quoted(path)}");
        return result.ExitCode == 0 ? result.OutputBytes : throw new CommandFailedException(result.ToString());
    }

    /// <summary>The kernel's log now.</summary>
    public Task<string> KernelLogAsync() => SucceedAsync("dmesg");

    /// <summary>A clean reboot, as an administrator does it; returns when the new boot's agent answers.</summary>
    public async Task RebootAsync(string words = "")
    {
        await StartAsync("systemctl reboot");
        if (!await EndsWithinAsync(TimeSpan.FromMinutes(2)))
        {
            throw new TimeoutException($"the machine does not shut down; console: {ConsoleLog}");
        }
        await BootAgainAsync(words);
    }

    /// <summary>Waits for the machine's own end (a panic, a power off); false when it still runs after <paramref name="limit"/>.</summary>
    public async Task<bool> EndsWithinAsync(TimeSpan limit)
    {
        if (!await Qemu.EndsWithinAsync(limit))
        {
            return false;
        }
        await OffAsync();
        return true;
    }

    /// <summary>
    /// Power fails: QEMU is killed. The disk keeps what the guest flushed; the rest may be there or not.
    /// </summary>
    public async Task PowerCutAsync()
    {
        await Qemu.KillAsync();
        await OffAsync();
    }

    /// <summary>Boots a machine that is off, from the disk as it is; returns when its agent answers.</summary>
    public Task BootAgainAsync(string words = "") => PowerOnAsync(words, saveable: false);

    private async Task PowerOnAsync(string words, bool saveable)
    {
        var kernelHangs = 0;
        while (await HangsEarlyAsync(words, saveable ? MachineArguments.Memory.Kept : MachineArguments.Memory.Own))
        {
            await PowerCutAsync();
            if (++kernelHangs == MaxKernelHangs)
            {
                throw new MachineEndedException($"the kernel hung {kernelHangs} times before it started any program; console: {ConsoleLog}\n{Tail()}");
            }
        }
        if (_payload is not null)
        {
            await SucceedAsync("mkdir -p /payload && mount -o ro /dev/vdb /payload");
        }
    }

    private async Task<bool> HangsEarlyAsync(string words, MachineArguments.Memory memory)
    {
        var early = new EarlyHang(ConsoleLog, File.Exists(ConsoleLog) ? new FileInfo(ConsoleLog).Length : 0);
        await StartQemuAsync(words, memory, MemoryFile);
        try
        {
            return await early.HappensBeforeAsync(Agent.Hello, BootLimit);
        }
        catch (Exception e) when (e is TimeoutException or MachineEndedException)
        {
            throw new MachineEndedException($"the machine did not come up; console: {ConsoleLog}\n{Tail()}");
        }
    }

    private async Task StartQemuAsync(string words, MachineArguments.Memory memory, string memoryFile)
    {
        if (_qemu is not null)
        {
            throw new InvalidOperationException("the machine is on already");
        }
        // QEMU connects to us, so that the port is open from the machine's first moment, whether booted or resumed.
        var path = Path.Combine(_directory, "agent");
        File.Delete(path);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        _qemu = await QemuProcess.StartAsync(
            MachineArguments.For(new MachineArguments.Options(_kvm, _system, words, Disk, _payload, memory, memoryFile, path, ConsoleLog)), _directory);
        _agent = new GuestAgent(await listener.AcceptAsync());
    }

    private async Task OffAsync()
    {
        if (_agent is not null)
        {
            await _agent.DisposeAsync();
            _agent = null;
        }
        if (_qemu is not null)
        {
            await _qemu.DisposeAsync();
            _qemu = null;
        }
    }

    private string Tail() => File.Exists(ConsoleLog) ? string.Join('\n', File.ReadLines(ConsoleLog).TakeLast(30)) : "(no console output)";

    /// <summary>As one word of a shell's.</summary>
    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Ends the machine; one that was saved stays for those that resume it.</summary>
    public async ValueTask DisposeAsync()
    {
        await OffAsync();
        if (!File.Exists(Path.Combine(_directory, SavedMachine.StateName)))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }
}
