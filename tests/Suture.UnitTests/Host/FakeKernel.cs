using Suture.Host;

namespace Suture.UnitTests.Host;

/// <summary>
/// A kernel's livepatch core as the loader sees it: sysfs and /proc in a directory, the module system calls in process.
/// It keeps the kernel's rules: loading starts a transition; writing the opposite to <c>enabled</c> turns it round; a
/// completed unpatch transition removes the directory and frees the module; a module in use cannot be unloaded.
/// </summary>
internal sealed class FakeKernel : IModuleSyscalls, IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);

    private readonly string _root = Directory.CreateTempSubdirectory("suture-test-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private readonly Lock _lock = new();
    private string? _patch;
    private bool _towardsPatched;

    public FakeKernel()
    {
        Paths = new KernelPaths(Path.Combine(_root, "sys"), Path.Combine(_root, "proc"));
        Directory.CreateDirectory(Paths.Livepatches);
        Directory.CreateDirectory(Paths.Proc);
        File.WriteAllText(Paths.Modules, "xfs 2150400 0 - Live 0x0000000000000000\n");
        _work = Task.Run(WorkAsync);
    }

    public KernelPaths Paths { get; }

    /// <summary>What finit_module answers.</summary>
    public int LoadErrno { get; init; }

    /// <summary>Whether a loaded module registers a livepatch.</summary>
    public bool IsLivepatch { get; init; } = true;

    /// <summary>Whether transitions towards the patched state complete.</summary>
    public bool PatchingCompletes { get; init; } = true;

    /// <summary>Whether transitions towards the unpatched state complete.</summary>
    public bool UnpatchingCompletes { get; set; } = true;

    public bool IsLoaded { get; private set; }

    public int Load(string path, string parameters)
    {
        lock (_lock)
        {
            if (LoadErrno != 0)
            {
                return LoadErrno;
            }
            IsLoaded = true;
            if (IsLivepatch)
            {
                _patch = Path.Combine(Paths.Livepatches, Path.GetFileNameWithoutExtension(path));
                Directory.CreateDirectory(Path.Combine(_patch, "vmlinux", "cmdline_proc_show,1"));
                _towardsPatched = true;
                File.WriteAllText(Path.Combine(_patch, "enabled"), "1\n");
                File.WriteAllText(Path.Combine(_patch, "transition"), "1\n");
            }
            return 0;
        }
    }

    public int Unload(string name)
    {
        lock (_lock)
        {
            if (!IsLoaded)
            {
                return ModuleErrors.NoEntry;
            }
            if (_patch is not null)
            {
                return ModuleErrors.WouldBlock;
            }
            IsLoaded = false;
            return 0;
        }
    }

    /// <summary>Adds a task to /proc.</summary>
    public void AddTask(int pid, int tid, string command, int patchState, string stack)
    {
        var directory = Directory.CreateDirectory(Path.Combine(Paths.Proc, $"{pid}/task/{tid}")).FullName;
        File.WriteAllText(Path.Combine(directory, "comm"), command + "\n");
        File.WriteAllText(Path.Combine(directory, "patch_state"), patchState + "\n");
        File.WriteAllText(Path.Combine(directory, "status"), $"Name:\t{command}\nState:\tS (sleeping)\n");
        File.WriteAllText(Path.Combine(directory, "stack"), stack);
    }

    private async Task WorkAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            lock (_lock)
            {
                Step();
            }
            await Task.Delay(Tick, CancellationToken.None);
        }
    }

    private void Step()
    {
        if (_patch is null || File.ReadAllText(Path.Combine(_patch, "enabled")).Trim() is not { Length: > 0 } written)
        {
            return;
        }
        var transition = Path.Combine(_patch, "transition");
        if ((written == "1") != _towardsPatched)
        {
            _towardsPatched = written == "1";
            File.WriteAllText(transition, "1\n");
        }
        else if (_towardsPatched && PatchingCompletes)
        {
            File.WriteAllText(transition, "0\n");
        }
        else if (!_towardsPatched && UnpatchingCompletes)
        {
            Directory.Delete(_patch, recursive: true);
            _patch = null;
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _work.Wait();
        _stop.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
