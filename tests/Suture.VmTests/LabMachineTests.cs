using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>A machine that does not start is this host's fault, not the livepatch's.</summary>
public sealed class LabMachineTests
{
    private const string Reason = "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory";

    [Fact]
    public void Without_a_machine_there_is_no_verdict()
    {
        var folder = Directory.CreateTempSubdirectory("suture-machine-").FullName;
        var kernel = Kernels.Newest("6.1");
        var patch = Path.Combine(SutureProgram.Root, "examples/a-meminfo-string/fix.patch");
        var built = SutureProgram.Run("build", patch, "--kernel", kernel, "--name", "nowhere", "-o", folder, "--json");
        built.ExitCode.ShouldBe(0, built.ToString());
        var qemu = Path.Combine(folder, "qemu-system-x86_64");
        File.WriteAllText(qemu, $"#!/bin/sh\nexec >&-\nsleep 0.5\necho \"{Reason}\" >&2\nexit 1\n");
        File.SetUnixFileMode(qemu, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var lab = SutureProgram.RunOnPath(folder, "lab", "run", built.Json.GetProperty("module").GetString()!, "--kernel", kernel, "--accel", "tcg", "--json");

        lab.ExitCode.ShouldBe(1, lab.ToString());
        lab.Output.ShouldBeEmpty();
        lab.Error.ShouldContain(Reason);
    }
}
