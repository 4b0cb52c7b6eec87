using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>What is the livepatch's fault in the lab, and what is not.</summary>
public sealed class LabMachineTests
{
    private const string Reason = "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory";

    private readonly string _folder = Directory.CreateTempSubdirectory("suture-machine-").FullName;
    private readonly string _kernel = Kernels.Newest("6.1");

    private string Build(string example)
    {
        var patch = Path.Combine(SutureProgram.Root, "examples", example, "fix.patch");
        var built = SutureProgram.Run("build", patch, "--kernel", _kernel, "--name", "judged", "-o", _folder, "--json");
        built.ExitCode.ShouldBe(0, built.ToString());
        return built.Json.GetProperty("module").GetString()!;
    }

    [Fact]
    public void Without_a_machine_there_is_no_verdict()
    {
        var qemu = Path.Combine(_folder, "qemu-system-x86_64");
        File.WriteAllText(qemu, $"#!/bin/sh\nexec >&-\nsleep 0.5\necho \"{Reason}\" >&2\nexit 1\n");
        File.SetUnixFileMode(qemu, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var lab = SutureProgram.RunOnPath(_folder, "lab", "run", Build("a-meminfo-string"), "--kernel", _kernel, "--accel", "tcg", "--json");

        lab.ExitCode.ShouldBe(1, lab.ToString());
        lab.Output.ShouldBeEmpty();
        lab.Error.ShouldContain(Reason);
    }

    [Fact]
    public void A_reference_left_behind_is_its_fault_and_what_the_unpatched_kernel_says_is_not()
    {
        var probe = Path.Combine(_folder, "probe");
        // It says the same each time, and holds the driver once the livepatch is there.
        File.WriteAllText(probe, """
            #!/bin/sh
            echo "WARNING: CPU: 0 PID: $$ at known.c:1" > /dev/kmsg
            [ -d /sys/kernel/livepatch/suture_judged ] || exit 1
            [ -e /dev/net/tun ] || { mkdir -p /dev/net; mknod /dev/net/tun c 10 200; }
            sleep 600 < /dev/net/tun &
            exit 0
            """);

        var lab = SutureProgram.Run("lab", "run", Build("h-tun-ownerless"), "--kernel", _kernel, "--probe", probe, "--json");

        lab.ExitCode.ShouldBe(10, lab.ToString());
        lab.Json.GetProperty("stages").EnumerateArray().Where(s => !s.GetProperty("ok").GetBoolean())
            .Select(s => s.GetProperty("name").GetString()).ShouldBe(["unload-targets"], lab.ToString());
    }
}
