using Shouldly;
using Suture.Lab;
using Suture.Lab.Machine;
using Suture.Lab.Protocol;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class MachineStartTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("suture-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_qemu_says_after_its_output_has_ended_is_not_lost()
    {
        var qemu = Path.Combine(_directory, "qemu");
        await File.WriteAllTextAsync(qemu, "#!/bin/sh\nexec >&-\nsleep 1\necho 'qemu: cannot set up guest memory: Cannot allocate memory' >&2\nexit 1\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(qemu, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        await using var machine = VirtualMachine.Start([], TimeSpan.FromSeconds(60), qemu);
        (await machine.NextAsync(TestContext.Current.CancellationToken)).ShouldBeNull();

        (await machine.LastErrorsAsync()).ShouldBe("qemu: cannot set up guest memory: Cannot allocate memory");
    }

    [Fact]
    public void A_machine_that_does_not_come_up_says_nothing_about_the_livepatch()
    {
        var told = new List<string>();
        var trial = new TrialLog(new Listener(told));
        trial.Add(new LabStage("boot", false, 0, "QEMU ended: Cannot allocate memory"));

        var fault = Should.Throw<LabInputException>(() => LabBoot.MustHaveBegun(trial, "one\n[ 1.0] Kernel panic\n", "6.1-test"));

        fault.Fault.ShouldBe(LabInputFault.NoMachine);
        fault.Message.ShouldContain("6.1-test");
        fault.Message.ShouldContain("Cannot allocate memory");
        told.ShouldContain("console: [ 1.0] Kernel panic");
    }

    [Fact]
    public void Once_a_trial_is_begun_there_is_a_verdict()
    {
        var trial = new TrialLog(null);
        trial.Take(new GuestEvent { Kind = GuestEventKind.Begin, Name = "apply" });

        Should.NotThrow(() => LabBoot.MustHaveBegun(trial, "", "6.1-test"));
    }

    private sealed class Listener(List<string> told) : IProgress<LabEvent>
    {
        public void Report(LabEvent value) => told.Add(value.Text);
    }
}
