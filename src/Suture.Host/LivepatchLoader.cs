using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Suture.Host;

/// <summary>
/// Applies and takes back a livepatch on the running kernel, through the kernel's own interfaces.
/// Apply: load → wait for the transition → if it stalls: name the blockers, reverse, unload.
/// Take back: disable → wait until the kernel has removed the livepatch → unload.
/// Every wait has a bound; the calling thread sleeps between looks.
/// </summary>
public sealed class LivepatchLoader(KernelPaths paths, IModuleSyscalls syscalls, TransitionBounds bounds)
{
    private readonly LivepatchSysfs _sysfs = new(paths);
    private readonly TransitionTasks _tasks = new(paths);

    /// <summary>The loader for the running kernel.</summary>
    public static LivepatchLoader ForThisHost(TransitionBounds bounds) => new(new KernelPaths(), new ModuleSyscalls(), bounds);

    /// <summary>
    /// Loads the livepatch module file <paramref name="path"/>, whose module name is <paramref name="name"/>, and
    /// waits until every task runs the patched code.
    /// </summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public LivepatchOutcome Apply(string path, string name, CancellationToken cancel = default)
    {
        using var file = File.OpenHandle(path);
        var loaded = Load(file, name);
        return loaded.Ok ? Complete(name, cancel: cancel) : loaded;
    }

    /// <summary>Loads the livepatch module in an open file: the first half of applying it. Its transition is then under way.</summary>
    public LivepatchOutcome Load(SafeFileHandle file, string name)
    {
        if (syscalls.Load(file, "") is not 0 and var errno)
        {
            return LivepatchOutcome.NotLoaded(name, errno);
        }
        if (!_sysfs.Exists(name))
        {
            syscalls.Unload(name);
            return LivepatchOutcome.Refused($"{name} loaded, but did not register a livepatch; it was unloaded again");
        }
        return LivepatchOutcome.Done("loaded");
    }

    /// <summary>
    /// Waits until every task runs the patched code: the second half of applying. When that takes too long, or
    /// <paramref name="cancel"/> asks to stop, the transition is turned round and the module unloaded. <paramref name="progress"/> is told
    /// how many tasks are left.
    /// </summary>
    public LivepatchOutcome Complete(string name, Action<int>? progress = null, CancellationToken cancel = default)
    {
        var clock = Stopwatch.StartNew();
        if (!Wait(bounds.Transition, () => _sysfs.InTransition(name) != true, cancel, Telling(progress, patching: true)))
        {
            var blockers = _tasks.Blocking(patching: true);
            // Naming the tasks takes its time, in which the transition may have ended after all. To turn it round then would be to disable a livepatch that has
            // replaced others already, and to leave the host without either.
            if (_sysfs.InTransition(name) == true)
            {
                return Reverse(name, toPatched: false, blockers, cancel.IsCancellationRequested);
            }
        }
        return _sysfs.Enabled(name) == true
            ? LivepatchOutcome.Done($"transition complete after {clock.ElapsedMilliseconds} ms")
            : LivepatchOutcome.Refused($"{name} is not enabled after its transition: something else disabled or replaced it");
    }

    /// <summary>Disables the livepatch and waits until no task runs its code and the kernel has removed it.</summary>
    public LivepatchOutcome Disable(string name, CancellationToken cancel = default) => Disable(name, null, cancel);

    /// <summary>The same, telling <paramref name="progress"/> how many tasks are left.</summary>
    public LivepatchOutcome Disable(string name, Action<int>? progress, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        if (_sysfs.Enabled(name) is not true)
        {
            return LivepatchOutcome.Refused($"{name} is not an enabled livepatch");
        }
        if (_sysfs.SetEnabled(name, false) is { } fault)
        {
            return LivepatchOutcome.Refused(fault);
        }
        return CompleteDisabling(name, progress, cancel) is { Ok: false } unfinished ? unfinished : LivepatchOutcome.Done($"reverted after {clock.ElapsedMilliseconds} ms");
    }

    /// <summary>Waits until no task runs the code of a livepatch that was disabled and the kernel has removed it; else turns that round.</summary>
    public LivepatchOutcome CompleteDisabling(string name, Action<int>? progress = null, CancellationToken cancel = default)
    {
        var clock = Stopwatch.StartNew();
        return Wait(bounds.Transition, () => !_sysfs.Exists(name), cancel, Telling(progress, patching: false))
            ? LivepatchOutcome.Done($"reverted after {clock.ElapsedMilliseconds} ms")
            : Reverse(name, toPatched: true, _tasks.Blocking(patching: false), cancel.IsCancellationRequested);
    }

    /// <summary>Waits for the same, and turns nothing round: what is going out was to go.</summary>
    public LivepatchOutcome AwaitDisabled(string name)
    {
        var clock = Stopwatch.StartNew();
        if (Wait(bounds.Transition, () => !_sysfs.Exists(name), CancellationToken.None))
        {
            return LivepatchOutcome.Done($"reverted after {clock.ElapsedMilliseconds} ms");
        }
        var blockers = _tasks.Blocking(patching: false);
        return new LivepatchOutcome(LivepatchStatus.Stuck, $"the kernel is still taking {name} off; {BlockedBy(blockers)}", blockers);
    }

    /// <summary>Unloads a module that is no longer used, waiting a little for its last users.</summary>
    public LivepatchOutcome Unload(string name, CancellationToken cancel = default)
    {
        var errno = 0;
        var free = Wait(bounds.Reverse, () => (errno = syscalls.Unload(name)) != ModuleErrors.WouldBlock, cancel);
        return free && errno == 0
            ? LivepatchOutcome.Done("unloaded")
            : LivepatchOutcome.Refused($"{name} was not unloaded: {ModuleErrors.OfUnload(errno)}");
    }

    /// <summary>Takes the livepatch back and unloads it.</summary>
    public LivepatchOutcome Revert(string name, Action<int>? progress = null, CancellationToken cancel = default)
    {
        var disabled = Disable(name, progress, cancel);
        if (!disabled.Ok)
        {
            return disabled;
        }
        var unloaded = Unload(name, cancel);
        return unloaded.Ok ? disabled : unloaded;
    }

    /// <summary>Loads an ordinary module; that it is already there counts as done.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public LivepatchOutcome LoadPlain(string path, string name)
    {
        using var file = File.OpenHandle(path);
        return syscalls.Load(file, "") switch
        {
            0 => LivepatchOutcome.Done("loaded"),
            ModuleErrors.Exists => LivepatchOutcome.Done("already loaded"),
            var errno => LivepatchOutcome.NotLoaded(name, errno),
        };
    }

    /// <summary>Turns a stalled transition round, so that the system is left in the state it was in.</summary>
    private LivepatchOutcome Reverse(string name, bool toPatched, IReadOnlyList<BlockingTask> blockers, bool interrupted)
    {
        var story = $"the transition of {name} {(interrupted ? "was interrupted" : $"did not complete within {bounds.Transition.TotalSeconds:0.#} s")}; "
            + BlockedBy(blockers);
        var fault = _sysfs.SetEnabled(name, toPatched);
        // Naming the tasks takes its time, in which the transition may have ended after all: nothing can be turned round then.
        if (fault is not null && toPatched && Wait(bounds.Reverse, () => !_sysfs.Exists(name), CancellationToken.None))
        {
            return LivepatchOutcome.Done("reverted in the last moment");
        }
        var back = fault is null && Wait(bounds.Reverse,
            () => toPatched ? _sysfs.InTransition(name) == false : !_sysfs.Exists(name), CancellationToken.None);
        if (!back)
        {
            return new LivepatchOutcome(LivepatchStatus.Stuck,
                $"{story}; reversing it failed too: {fault ?? $"not over within {bounds.Reverse.TotalSeconds:0.#} s"}", blockers);
        }
        if (toPatched)
        {
            return new LivepatchOutcome(LivepatchStatus.Stalled, $"{story}; reversed, the livepatch stays applied", blockers);
        }
        var unloaded = Unload(name);
        return new LivepatchOutcome(LivepatchStatus.Stalled,
            $"{story}; reversed and {(unloaded.Ok ? "unloaded" : unloaded.Detail)}", blockers);
    }

    private static string BlockedBy(IReadOnlyList<BlockingTask> blockers) =>
        blockers.Count == 0 ? "no task shows as blocking" : $"blocked by {string.Join("; ", blockers.Take(5))}";

    /// <summary>Counting tasks costs a look at each of them, hence not at every poll.</summary>
    private Action? Telling(Action<int>? progress, bool patching)
    {
        if (progress is null)
        {
            return null;
        }
        var next = TimeSpan.Zero;
        var clock = Stopwatch.StartNew();
        return () =>
        {
            if (clock.Elapsed >= next)
            {
                progress(_tasks.Count(patching));
                next = clock.Elapsed + TimeSpan.FromMilliseconds(500);
            }
        };
    }

    private bool Wait(TimeSpan bound, Func<bool> over, CancellationToken cancel, Action? between = null)
    {
        var clock = Stopwatch.StartNew();
        while (!over())
        {
            if (clock.Elapsed > bound || cancel.IsCancellationRequested)
            {
                return false;
            }
            between?.Invoke();
            cancel.WaitHandle.WaitOne(bounds.Poll);
        }
        return true;
    }
}
