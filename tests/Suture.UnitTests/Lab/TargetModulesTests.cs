using Microsoft.Win32.SafeHandles;
using Shouldly;
using Suture.Host;
using Suture.Lab.Guest;
using Suture.Lab.Protocol;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class TargetModulesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("suture-test-").FullName;
    private readonly Syscalls _kernel = new();
    private readonly TargetModules _targets;

    public TargetModulesTests()
    {
        var paths = new KernelPaths(_root, _root);
        var bound = TimeSpan.FromSeconds(1);
        var loader = new LivepatchLoader(paths, _kernel, new TransitionBounds(bound, bound, TimeSpan.FromMilliseconds(1)));
        var trial = new GuestTrial(new GuestModule("fix", "", true), [Module("lib", references: 1, "drv"), Module("drv", references: 0)], ["drv"]);
        _targets = new TargetModules(trial, loader, _kernel, paths);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private GuestModule Module(string name, int references, params string[] holders)
    {
        var file = Path.Combine(_root, $"{name}.ko");
        File.WriteAllText(file, "");
        var directory = Path.Combine(_root, "module", name);
        Directory.CreateDirectory(Path.Combine(directory, "holders"));
        File.WriteAllText(Path.Combine(directory, "refcnt"), $"{references}\n");
        holders.ToList().ForEach(h => File.WriteAllText(Path.Combine(directory, "holders", h), ""));
        return new GuestModule(name, file, true);
    }

    private void Before()
    {
        _targets.Load([]).Ok.ShouldBeTrue();
        _targets.Reload("without the livepatch").Ok.ShouldBeTrue();
    }

    [Fact]
    public void What_can_be_unloaded_before_and_after_passes()
    {
        Before();
        _kernel.Loaded.ShouldBe(["lib", "drv"]);
        _targets.LivepatchComes();
        _targets.Unload().ShouldBe((true, "unloaded"));
        _kernel.Loaded.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("drv")]
    [InlineData("lib")]
    public void A_reference_that_is_left_behind_fails(string module)
    {
        Before();
        _targets.LivepatchComes();
        _kernel.Held.Add(module);
        var (ok, detail) = _targets.Unload();
        ok.ShouldBeFalse();
        detail.ShouldContain(module);
    }

    [Fact]
    public void What_cannot_be_unloaded_anyway_is_kept()
    {
        _kernel.Held.Add("lib");
        Before();
        _targets.LivepatchComes();
        var (ok, detail) = _targets.Unload();
        ok.ShouldBeTrue();
        detail.ShouldContain("kept");
    }

    [Fact]
    public void What_a_probe_left_in_use_before_is_kept()
    {
        Before();
        File.WriteAllText(Path.Combine(_root, "module/drv/refcnt"), "1\n");
        _targets.LivepatchComes();
        _kernel.Held.Add("drv");
        _targets.Unload().Ok.ShouldBeTrue();
    }

    [Fact]
    public void What_does_not_load_twice_is_told_without_the_livepatch()
    {
        _targets.Load([]).Ok.ShouldBeTrue();
        _kernel.LoadErrno = 12;
        var (ok, detail) = _targets.Reload("without the livepatch");
        ok.ShouldBeFalse();
        detail.ShouldContain("without the livepatch");
    }

    private sealed class Syscalls : IModuleSyscalls
    {
        public List<string> Loaded { get; } = [];

        public HashSet<string> Held { get; } = [];

        public int LoadErrno { get; set; }

        public int Load(SafeFileHandle module, string parameters)
        {
            var name = Path.GetFileNameWithoutExtension(File.ResolveLinkTarget($"/proc/self/fd/{module.DangerousGetHandle()}", false)!.FullName);
            if (LoadErrno == 0)
            {
                Loaded.Add(name);
            }
            return LoadErrno;
        }

        public int Unload(string name) => Held.Contains(name) ? ModuleErrors.WouldBlock : Loaded.Remove(name) ? 0 : ModuleErrors.NoEntry;
    }
}
