using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Suture.Host;
using Suture.Module;

namespace Suture.UnitTests.Host;

/// <summary>
/// A kernel's livepatch core as the host part sees it: sysfs and /proc in a directory, the module system calls in process.
/// It keeps the kernel's rules: loading starts a transition; writing the opposite to <c>enabled</c> turns it round; a
/// completed unpatch transition removes the directory and frees the module; a livepatch that replaces disables all others when
/// its transition is over; a module in use cannot be unloaded.
/// </summary>
internal sealed class FakeKernel : IModuleSyscalls, IDisposable
{
    public const string Release = "6.1.0-99-test-amd64";
    public const string BuildId = "00112233445566778899aabbccddeeff00112233";

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Livepatch> _patches = new(StringComparer.Ordinal);
    private readonly HashSet<string> _modules = new(StringComparer.Ordinal);

    private sealed class Livepatch(string directory, bool replace)
    {
        public string Directory => directory;
        public bool Replace => replace;
        public bool TowardsPatched { get; set; } = true;
        public bool Settled { get; set; }
    }

    public FakeKernel()
    {
        Paths = new KernelPaths(Path.Combine(Root, "sys"), Path.Combine(Root, "proc"), Path.Combine(Root, "kmsg"), Path.Combine(Root, "lib/modules"));
        Directory.CreateDirectory(Paths.Livepatches);
        Write("proc/sys/kernel/version", "#1 SMP Debian test");
        Write("proc/sys/kernel/tainted", "0");
        Write("proc/sys/kernel/ftrace_enabled", "1");
        Write("proc/cmdline", "quiet");
        Write("proc/self/patch_state", "-1");
        Write("proc/kcore", "");
        Write("kmsg", "");
        Directory.CreateDirectory(Path.Combine(Root, "sys/kernel"));
        File.WriteAllBytes(Path.Combine(Root, "sys/kernel/notes"),
            [4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, (byte)'G', (byte)'N', (byte)'U', 0, .. Convert.FromHexString(BuildId)]);
        Boot();
        _work = Task.Run(WorkAsync);
    }

    /// <summary>Where everything of this kernel lies.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("suture-test-").FullName;

    public KernelPaths Paths { get; }

    /// <summary>What finit_module answers.</summary>
    public int LoadErrno { get; set; }

    /// <summary>Whether a loaded module registers a livepatch.</summary>
    public bool IsLivepatch { get; init; } = true;

    /// <summary>Whether transitions towards the patched state complete.</summary>
    public bool PatchingCompletes { get; set; } = true;

    /// <summary>Whether transitions towards the unpatched state complete.</summary>
    public bool UnpatchingCompletes { get; set; } = true;

    /// <summary>Called when a livepatch is loaded.</summary>
    public Action<string>? Loading { get; set; }

    public bool IsLoaded => LoadedModules.Count > 0;

    public IReadOnlyList<string> LoadedModules
    {
        get
        {
            lock (_lock)
            {
                return [.. _modules.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Names of the livepatches that are enabled and settled.</summary>
    public IReadOnlyList<string> Applied
    {
        get
        {
            lock (_lock)
            {
                return [.. _patches.Where(p => p.Value is { TowardsPatched: true, Settled: true }).Select(p => p.Key).Order(StringComparer.Ordinal)];
            }
        }
    }

    public void Write(string path, string text)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text + "\n");
    }

    /// <summary>A reboot: memory is empty, processes are gone.</summary>
    public void Boot(string release = Release)
    {
        Write("proc/sys/kernel/osrelease", release);
        lock (_lock)
        {
            foreach (var patch in _patches.Values)
            {
                Directory.Delete(patch.Directory, recursive: true);
            }
            _patches.Clear();
            _modules.Clear();
            WriteModules();
        }
        Write("proc/sys/kernel/random/boot_id", Guid.NewGuid().ToString());
        Write("proc/sys/kernel/tainted", "0");
        StartProcess();
    }

    /// <summary>This process as the fake /proc shows it, started now; a former one of its number is gone.</summary>
    public void StartProcess() => Write($"proc/{Environment.ProcessId}/stat",
        $"{Environment.ProcessId} (suture) S {string.Join(' ', Enumerable.Repeat("0", 18))} {Environment.TickCount64.ToString(CultureInfo.InvariantCulture)}{Random.Shared.Next(1000)} 0");

    public int Load(SafeFileHandle module, string parameters)
    {
        var bytes = new byte[RandomAccess.GetLength(module)];
        RandomAccess.Read(module, bytes, 0);
        // The tests of the loader load empty files.
        var note = bytes.Length == 0 ? null : LivepatchFile.Read(bytes, "module").Note;
        var name = note?.Module ?? Path.GetFileNameWithoutExtension(File.ResolveLinkTarget($"/proc/self/fd/{module.DangerousGetHandle()}", false)!.FullName);
        lock (_lock)
        {
            if (LoadErrno != 0)
            {
                return LoadErrno;
            }
            if (!_modules.Add(name))
            {
                return ModuleErrors.Exists;
            }
            WriteModules();
            if (IsLivepatch)
            {
                var patch = Path.Combine(Paths.Livepatches, name);
                foreach (var f in note?.Functions ?? [new NoteFunction("vmlinux", "cmdline_proc_show", 0)])
                {
                    Directory.CreateDirectory(Path.Combine(patch, f.Object, $"{f.Name},{Math.Max(f.Sympos, 1)}"));
                }
                File.WriteAllText(Path.Combine(patch, "enabled"), "1\n");
                File.WriteAllText(Path.Combine(patch, "transition"), "1\n");
                _patches[name] = new Livepatch(patch, note?.Replace ?? false);
                if (bytes.Length > 0)
                {
                    var notes = Path.Combine(Paths.Sys, "module", name, "notes");
                    Directory.CreateDirectory(notes);
                    File.WriteAllBytes(Path.Combine(notes, NoteSection.Name), LivepatchFile.Read(bytes, name).NoteBytes.ToArray());
                }
            }
        }
        Loading?.Invoke(name);
        return 0;
    }

    public int Unload(string name)
    {
        lock (_lock)
        {
            if (!_modules.Contains(name))
            {
                return ModuleErrors.NoEntry;
            }
            if (_patches.ContainsKey(name))
            {
                return ModuleErrors.WouldBlock;
            }
            _modules.Remove(name);
            WriteModules();
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

    private void WriteModules()
    {
        var text = new StringBuilder("xfs 2150400 0 - Live 0x0000000000000000\n");
        foreach (var module in _modules)
        {
            text.Append(CultureInfo.InvariantCulture, $"{module} 16384 1 - Live 0x0000000000000000 (OEK)\n");
        }
        File.WriteAllText(Paths.Modules, text.ToString());
    }

    private async Task WorkAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            lock (_lock)
            {
                foreach (var (name, patch) in _patches.ToList())
                {
                    Step(name, patch);
                }
            }
            await Task.Delay(Tick, CancellationToken.None);
        }
    }

    private void Step(string name, Livepatch patch)
    {
        if (!_patches.ContainsKey(name) || File.ReadAllText(Path.Combine(patch.Directory, "enabled")).Trim() is not { Length: > 0 } written)
        {
            return;
        }
        var transition = Path.Combine(patch.Directory, "transition");
        if ((written == "1") != patch.TowardsPatched)
        {
            patch.TowardsPatched = written == "1";
            patch.Settled = false;
            File.WriteAllText(transition, "1\n");
        }
        else if (patch is { TowardsPatched: true, Settled: false } && PatchingCompletes)
        {
            foreach (var other in patch.Replace ? _patches.Keys.Where(n => n != name).ToList() : [])
            {
                Directory.Delete(_patches[other].Directory, recursive: true);
                _patches.Remove(other);
            }
            patch.Settled = true;
            File.WriteAllText(transition, "0\n");
        }
        else if (!patch.TowardsPatched && UnpatchingCompletes)
        {
            Directory.Delete(patch.Directory, recursive: true);
            _patches.Remove(name);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _work.Wait();
        _stop.Dispose();
        Directory.Delete(Root, recursive: true);
    }
}
