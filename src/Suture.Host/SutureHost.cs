using System.Globalization;
using Suture.Host.Health;
using Suture.Host.Interfaces;
using Suture.Host.Preflight;
using Suture.Host.State;

namespace Suture.Host;

/// <summary>What host operations work on: the running kernel's interfaces and Suture's own state on this machine.</summary>
public sealed class SutureHost
{
    /// <summary>A host at the given places.</summary>
    public SutureHost(KernelPaths kernel, HostPaths paths, IModuleSyscalls syscalls, Settings settings)
    {
        Kernel = kernel;
        Paths = paths;
        Syscalls = syscalls;
        Settings = settings;
        Running = new RunningKernel(kernel);
        Sysfs = new LivepatchSysfs(kernel);
        Modules = new LoadedModules(kernel);
        State = new StateFile(paths);
        History = new History(paths);
        Fitness = new HostFitness(kernel, paths);
        Checks = new HealthChecks(paths.HealthChecks, settings.HealthTimeout);
    }

    /// <summary>This machine.</summary>
    public static SutureHost This()
    {
        var paths = new HostPaths();
        return new SutureHost(new KernelPaths(), paths, new ModuleSyscalls(), Settings.Read(paths.SettingsFile));
    }

    /// <summary>Where the kernel's interfaces are.</summary>
    public KernelPaths Kernel { get; }

    /// <summary>Where Suture's own files are.</summary>
    public HostPaths Paths { get; }

    /// <summary>Loads and unloads modules.</summary>
    public IModuleSyscalls Syscalls { get; }

    /// <summary>The administrator's settings.</summary>
    public Settings Settings { get; }

    /// <summary>What the running kernel says about itself.</summary>
    public RunningKernel Running { get; }

    /// <summary>The livepatches in the kernel.</summary>
    public LivepatchSysfs Sysfs { get; }

    /// <summary>The modules in the kernel.</summary>
    public LoadedModules Modules { get; }

    /// <summary>What is installed, and is to be applied.</summary>
    public StateFile State { get; }

    /// <summary>The append-only record.</summary>
    public History History { get; }

    /// <summary>Whether this host takes livepatches.</summary>
    public HostFitness Fitness { get; }

    /// <summary>The administrator's own checks.</summary>
    public HealthChecks Checks { get; }

    /// <summary>Beside root, who may own module files. Only tests, which do not run as root, need it.</summary>
    public uint Owner { get; init; }

    /// <summary>A loader that gives a transition <paramref name="timeout"/>.</summary>
    public LivepatchLoader Loader(TimeSpan timeout) => new(Kernel, Syscalls, new TransitionBounds(timeout, TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(20)));

    /// <summary>Whether the kernel has the patch applied, and no transition is under way for it.</summary>
    public bool IsApplied(InstalledPatch patch) => Sysfs.Enabled(patch.Module) == true && Sysfs.InTransition(patch.Module) == false;

    /// <summary>A marker that this process tries a patch now.</summary>
    public Probation NewProbation(bool atBoot) => new(ThisProcess.BootId, ThisProcess.Id, ThisProcess.Started, atBoot, DateTimeOffset.UtcNow);

    /// <summary>This very process.</summary>
    public ProcessIdentity ThisProcess => new(Running.BootId, Environment.ProcessId, StartOf(Environment.ProcessId) ?? 0);

    /// <summary>Whether that process still runs.</summary>
    public bool IsAlive(ProcessIdentity process) => process.BootId == Running.BootId && StartOf(process.Id) == process.Started;

    /// <summary>Whether the process that tries the patch is still at it.</summary>
    public bool IsAttended(Probation probation) => IsAlive(new ProcessIdentity(probation.BootId, probation.Owner, probation.OwnerStarted));

    /// <summary>Whether this very process tries the patch.</summary>
    public bool IsOwn(Probation probation) => probation.Owner == Environment.ProcessId && IsAttended(probation);

    /// <summary>When a process started, in clock ticks since boot; null when there is none. Field 22 of /proc/PID/stat, counted behind the name, which may hold anything.</summary>
    private long? StartOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"{Kernel.Proc}/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 19 && long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out var start) ? start : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
