using Shouldly;
using Suture.Host;
using Suture.Host.Operations;

namespace Suture.UnitTests.Host;

/// <summary>A host with a fake kernel, its state in a directory of its own.</summary>
internal sealed class TestHost : IDisposable
{
    public TestHost()
    {
        Paths = new HostPaths(Path.Combine(Kernel.Root, "var/lib/suture"), Path.Combine(Kernel.Root, "etc/suture"), Path.Combine(Kernel.Root, "run/suture"));
        Directory.CreateDirectory(Paths.Configuration);
    }

    public FakeKernel Kernel { get; } = new();

    public HostPaths Paths { get; }

    public Settings Settings { get; init; } = new() { TransitionTimeout = TimeSpan.FromSeconds(20), Watch = TimeSpan.Zero, BootWatch = TimeSpan.Zero };

    /// <summary>As a new process sees this host.</summary>
    public SutureHost Open() => new(Kernel.Paths, Paths, Kernel, Settings);

    /// <summary>Writes a module file.</summary>
    public string Module(string name, string version = "1", bool replace = true, string release = FakeKernel.Release, params string[] functions)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(Kernel.Root, "modules")).FullName, $"suture_{name}.ko");
        File.WriteAllBytes(path, TestModule.Bytes(name, version, replace, release, functions: functions));
        return path;
    }

    public Task<HostOutcome> ApplyAsync(string given, bool again = false, Settings? settings = null) =>
        new ApplyOperation(settings is null ? Open() : new SutureHost(Kernel.Paths, Paths, Kernel, settings), new ApplyOptions { Again = again }).RunAsync(given, Xunit.TestContext.Current.CancellationToken);

    public HostOutcome Revert(string? given = null) => new RevertOperation(Open(), null).Run(given, Xunit.TestContext.Current.CancellationToken);

    /// <summary>Runs <paramref name="action"/> until it comes to <paramref name="step"/>, where it ends as if killed.</summary>
    public static async Task KilledAsync(Func<Task<HostOutcome>> action, string step)
    {
        FaultPoint.Observer.Value = at =>
        {
            if (at == step)
            {
                throw new KilledException();
            }
        };
        await Should.ThrowAsync<KilledException>(action);
        FaultPoint.Observer.Value = null;
    }

    public Task<HostOutcome> BootAsync() => new BootOperation(Open()).RunAsync(Xunit.TestContext.Current.CancellationToken);

    public HostStatus Status() => HostStatus.Read(Open());

    public PatchCondition? ConditionOf(string name) => Status().Patches.FirstOrDefault(p => p.Patch.Name == name)?.Condition;

    public void Dispose() => Kernel.Dispose();

    private sealed class KilledException : Exception;
}
