using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Suture.Lab.Guest;

/// <summary>
/// A program run by posix_spawn(3), its output in a file. System.Diagnostics.Process would do the same with threads and
/// a terminal's set-up, which take an emulated CPU two seconds at the first use.
/// </summary>
internal sealed partial class ChildProcess
{
    private const int Kill = 9;
    private const int NoHang = 1;
    private const short SetProcessGroup = 2;
    private const int ProcessGroup = 1; // PRIO_PGRP
    private const int LowestPriority = 19;
    private const int WriteCreateAppend = 0x1 | 0x40 | 0x400; // O_WRONLY | O_CREAT | O_APPEND

    // glibc's opaque types take 80 and 336 bytes.
    private const int OpaqueBytes = 512;

    private static readonly string[] Environment = ["PATH=/bin:/lab", "HOME=/root", "TERM=dumb"];

    private readonly int _pid;
    private int? _status;

    private ChildProcess(int pid) => _pid = pid;

    /// <summary>Starts <paramref name="program"/> in /lab, as leader of a process group of its own. Null and the errno when it cannot be run.</summary>
    /// <param name="program">Its file.</param>
    /// <param name="outputFile">Where what it prints goes.</param>
    /// <param name="errno">Why it cannot be run.</param>
    /// <param name="argument">Its only argument, or null.</param>
    /// <param name="variable">A further variable of its environment, as NAME=VALUE, or null.</param>
    public static unsafe ChildProcess? Start(string program, string outputFile, out int errno, string? argument = null, string? variable = null)
    {
        var actions = stackalloc byte[OpaqueBytes];
        var attributes = stackalloc byte[OpaqueBytes];
        FileActionsInit(actions);
        FileActionsAddChdir(actions, "/lab");
        FileActionsAddOpen(actions, 0, "/dev/null", 0, 0);
        FileActionsAddOpen(actions, 1, outputFile, WriteCreateAppend, 0x1B6);
        FileActionsAddOpen(actions, 2, outputFile, WriteCreateAppend, 0x1B6);
        AttributesInit(attributes);
        AttributesSetFlags(attributes, SetProcessGroup);
        errno = Spawn(out var pid, program, actions, attributes, [program, .. argument is null ? (string?[])[] : [argument], null],
            [.. Environment, .. variable is null ? (string?[])[] : [variable], null]);
        return errno == 0 ? new ChildProcess(pid) : null;
    }

    /// <summary>Whether it has not ended yet.</summary>
    public bool IsRunning
    {
        get
        {
            if (_status is null && WaitPid(_pid, out var status, NoHang) != 0)
            {
                _status = status;
            }
            return _status is null;
        }
    }

    /// <summary>Lets whatever else runs go before it and the processes it starts.</summary>
    public void StandBack() => _ = SetPriority(ProcessGroup, _pid, LowestPriority);

    /// <summary>Its exit code, 128 + signal when a signal ended it, null when it had to be killed after <paramref name="boundMs"/>.</summary>
    /// <param name="boundMs">How long to wait, in milliseconds.</param>
    /// <param name="meanwhile">Called between two looks.</param>
    public int? WaitForExit(int boundMs, Action meanwhile)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (!IsRunning)
            {
                var status = _status!.Value;
                var signal = status & 0x7f;
                return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
            }
            if (clock.ElapsedMilliseconds > boundMs)
            {
                Stop();
                return null;
            }
            meanwhile();
            Thread.Sleep(10);
        }
    }

    /// <summary>Kills it and the processes it started.</summary>
    public void Stop() => _ = SendSignal(-_pid, Kill);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Spawn(out int pid, string path, byte* actions, byte* attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static unsafe partial int FileActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int FileActionsAddOpen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int FileActionsAddChdir(byte* actions, string path);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static unsafe partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static unsafe partial int AttributesSetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "waitpid")]
    private static partial int WaitPid(int pid, out int status, int options);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);
}
