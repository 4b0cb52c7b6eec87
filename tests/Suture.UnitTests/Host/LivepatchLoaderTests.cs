using Shouldly;
using Suture.Host;
using Xunit;

namespace Suture.UnitTests.Host;

public sealed class LivepatchLoaderTests
{
    private const string Name = "suture_fix";

    private static readonly TransitionBounds Patient = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(2));
    private static readonly TransitionBounds Hasty = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(2));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static LivepatchLoader LoaderFor(FakeKernel kernel, TransitionBounds bounds) => new(kernel.Paths, kernel, bounds);

    private static string ModuleOf(FakeKernel kernel)
    {
        kernel.Write("lab/.made", "");
        var path = Path.Combine(kernel.Root, "lab", Name + ".ko");
        File.WriteAllBytes(path, []);
        return path;
    }

    [Fact]
    public void Applies_and_takes_back()
    {
        using var kernel = new FakeKernel();
        var loader = LoaderFor(kernel, Patient);

        loader.Apply(ModuleOf(kernel), Name, Cancel).Ok.ShouldBeTrue();
        new LivepatchSysfs(kernel.Paths).Names().ShouldBe([Name]);
        new LivepatchSysfs(kernel.Paths).Objects(Name).ShouldBe(["vmlinux"]);

        loader.Revert(Name, cancel: Cancel).Ok.ShouldBeTrue();
        kernel.IsLoaded.ShouldBeFalse();
        new LivepatchSysfs(kernel.Paths).Names().ShouldBeEmpty();
    }

    [Fact]
    public void A_stalled_transition_names_its_blockers_and_is_reversed()
    {
        using var kernel = new FakeKernel { PatchingCompletes = false };
        kernel.AddTask(1, 1, "init", 1, "");
        kernel.AddTask(2, 2, "kthreadd", 0, "[<0>] kthreadd+0x1a5/0x210\n[<0>] ret_from_fork+0x22/0x30\n");
        kernel.AddTask(90, 91, "worker", 0, "");
        var loader = LoaderFor(kernel, Hasty with { Reverse = Patient.Reverse });

        var outcome = loader.Apply(ModuleOf(kernel), Name, Cancel);

        outcome.Status.ShouldBe(LivepatchStatus.Stalled);
        outcome.Blockers.Select(b => b.Command).ShouldBe(["kthreadd", "worker"], ignoreOrder: true);
        outcome.Detail.ShouldContain("kthreadd (pid 2) S (sleeping) in kthreadd < ret_from_fork");
        outcome.Detail.ShouldContain("worker (pid 90, thread 91)");
        kernel.IsLoaded.ShouldBeFalse();
    }

    [Fact]
    public async Task A_transition_that_ends_while_its_blockers_are_being_named_is_not_turned_round()
    {
        using var kernel = new FakeKernel { PatchingCompletes = false };
        kernel.AddTask(2, 2, "kthreadd", 0, "");
        var stack = Path.Combine(kernel.Paths.Proc, "2/task/2/stack");
        File.Delete(stack);
        // Who reads this waits until somebody writes it.
        using (var made = System.Diagnostics.Process.Start("mkfifo", stack))
        {
            await made.WaitForExitAsync(Cancel);
        }
        var applying = Task.Run(() => LoaderFor(kernel, Hasty with { Reverse = Patient.Reverse }).Apply(ModuleOf(kernel), Name, Cancel), Cancel);

        await using (var named = await Task.Run(() => new FileStream(stack, FileMode.Open, FileAccess.Write, FileShare.ReadWrite), Cancel))
        {
            kernel.PatchingCompletes = true;
            while (kernel.Applied.Count == 0)
            {
                await Task.Delay(5, Cancel);
            }
        }

        (await applying).Ok.ShouldBeTrue();
        kernel.Applied.ShouldBe([Name]);
    }

    [Fact]
    public void A_reversal_that_stalls_too_is_told_apart()
    {
        using var kernel = new FakeKernel { PatchingCompletes = false, UnpatchingCompletes = false };

        var outcome = LoaderFor(kernel, Hasty).Apply(ModuleOf(kernel), Name, Cancel);

        outcome.Status.ShouldBe(LivepatchStatus.Stuck);
        kernel.IsLoaded.ShouldBeTrue();
    }

    [Fact]
    public void Taking_back_that_stalls_leaves_the_livepatch_applied()
    {
        using var kernel = new FakeKernel { UnpatchingCompletes = false };
        kernel.AddTask(7, 7, "nfsd", 1, "");
        LoaderFor(kernel, Patient).Apply(ModuleOf(kernel), Name, Cancel).Ok.ShouldBeTrue();

        var outcome = LoaderFor(kernel, Hasty with { Reverse = Patient.Reverse }).Disable(Name, Cancel);

        outcome.Status.ShouldBe(LivepatchStatus.Stalled);
        outcome.Blockers.Single().Command.ShouldBe("nfsd");
        new LivepatchSysfs(kernel.Paths).Enabled(Name).ShouldBe(true);
    }

    [Theory]
    [InlineData(8, "vermagic")]
    [InlineData(2, "symbol")]
    [InlineData(129, "signature")]
    [InlineData(16, "transition")]
    [InlineData(22, "kernel log")]
    public void What_the_kernel_refuses_is_explained(int errno, string word)
    {
        using var kernel = new FakeKernel { LoadErrno = errno };

        var outcome = LoaderFor(kernel, Patient).Apply(ModuleOf(kernel), Name, Cancel);

        outcome.Status.ShouldBe(LivepatchStatus.Refused);
        outcome.Detail.ShouldContain(word);
    }

    [Fact]
    public void A_module_that_registers_no_livepatch_does_not_stay()
    {
        using var kernel = new FakeKernel { IsLivepatch = false };

        LoaderFor(kernel, Patient).Apply(ModuleOf(kernel), Name, Cancel).Status.ShouldBe(LivepatchStatus.Refused);

        kernel.IsLoaded.ShouldBeFalse();
    }

    [Fact]
    public void What_is_not_applied_cannot_be_taken_back()
    {
        using var kernel = new FakeKernel();

        LoaderFor(kernel, Patient).Revert(Name, cancel: Cancel).Status.ShouldBe(LivepatchStatus.Refused);
    }

    [Fact]
    public void Interrupting_a_transition_turns_it_round()
    {
        using var kernel = new FakeKernel { PatchingCompletes = false };
        using var cancel = new CancellationTokenSource(50);

        using var module = File.OpenHandle(ModuleOf(kernel));
        var loader = LoaderFor(kernel, Patient);
        loader.Load(module, Name).Ok.ShouldBeTrue();
        var outcome = loader.Complete(Name, cancel: cancel.Token);

        outcome.Status.ShouldBe(LivepatchStatus.Stalled);
        outcome.Detail.ShouldContain("interrupted");
        kernel.IsLoaded.ShouldBeFalse();
    }

    [Fact]
    public void Loaded_modules_are_found_under_either_spelling()
    {
        using var kernel = new FakeKernel();
        File.WriteAllText(kernel.Paths.Modules, "nf_tables 1 0 - Live 0x0\nxfs 1 0 - Live 0x0\n");
        var modules = new LoadedModules(kernel.Paths);

        modules.Contains("nf-tables").ShouldBeTrue();
        modules.Contains("xf").ShouldBeFalse();
    }
}
