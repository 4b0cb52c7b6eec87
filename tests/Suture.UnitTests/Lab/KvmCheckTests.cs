using System.Diagnostics;
using Shouldly;
using Suture.Lab.Machine;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class KvmCheckTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("suture-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Qemu(string script)
    {
        var path = Path.Combine(_directory, "qemu");
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (OperatingSystem.IsLinux())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        }
        using var file = new StreamWriter(path, options);
        file.Write($"#!/bin/sh\n{script}\n");
        return path;
    }

    private static Task<string?> Fault(string device, string qemu, double seconds) =>
        KvmCheck.FaultAsync(device, qemu, "/boot/vmlinuz", TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_machine_that_hangs_is_killed_at_the_bound()
    {
        var pidFile = Path.Combine(_directory, "pid");
        var clock = Stopwatch.StartNew();

        var fault = await Fault("/dev/null", Qemu($"echo $$ > {pidFile}; echo SeaBIOS; exec sleep 600"), 1);

        fault.ShouldNotBeNull().ShouldContain("did not come up");
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
        var pid = (await File.ReadAllTextAsync(pidFile, TestContext.Current.CancellationToken)).Trim();
        await WaitUntilGoneAsync($"/proc/{pid}/exe");
    }

    [Fact]
    public async Task It_ends_even_when_this_program_is_killed()
    {
        var file = Path.Combine(_directory, "parent");

        await Fault("/dev/null", Qemu($"cat /proc/$PPID/comm > {file}"), 60);

        (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Trim().ShouldBe("timeout");
    }

    [Fact]
    public async Task A_kernel_that_comes_up_is_the_proof() =>
        (await Fault("/dev/null", Qemu("echo 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'; exec sleep 600"), 60)).ShouldBeNull();

    [Fact]
    public async Task A_refusal_is_passed_on() =>
        (await Fault("/dev/null", Qemu("echo 'qemu: failed to initialize kvm: Permission denied' >&2; exit 1"), 60)).ShouldNotBeNull().ShouldContain("Permission denied");

    [Fact]
    public async Task Without_the_device_nothing_is_run() =>
        (await Fault(Path.Combine(_directory, "none"), "/nonexistent", 60)).ShouldNotBeNull().ShouldContain("there is no");

    [Fact]
    public void The_answer_is_remembered()
    {
        var memory = new KvmMemory(Path.Combine(_directory, "cache", "kvm-boot"));
        memory.Recall().ShouldBeNull();
        memory.Remember("it hangs");
        memory.Recall()!.Value.Fault.ShouldBe("it hangs");
        memory.Remember("");
        memory.Recall()!.Value.Fault.ShouldBe("");
    }

    [Fact]
    public void That_it_does_not_work_is_forgotten_after_an_hour()
    {
        var path = Path.Combine(_directory, "kvm-boot");
        var memory = new KvmMemory(path);
        memory.Remember("it hangs");
        File.SetLastWriteTime(path, DateTime.Now.AddMinutes(-59));
        memory.Recall()!.Value.Tried.ShouldBeLessThan(DateTime.Now.AddMinutes(-58));
        File.SetLastWriteTime(path, DateTime.Now.AddMinutes(-61));
        memory.Recall().ShouldBeNull();
        memory.Remember("");
        File.SetLastWriteTime(path, DateTime.Now.AddDays(-1));
        memory.Recall()!.Value.Fault.ShouldBe("");
    }

    [Theory]
    [InlineData("")]
    [InlineData("broken: it ha")]
    public void Half_an_answer_is_none(string text)
    {
        var path = Path.Combine(_directory, "kvm-boot");
        File.WriteAllText(path, text);
        new KvmMemory(path).Recall().ShouldBeNull();
    }

    private static async Task WaitUntilGoneAsync(string path)
    {
        for (var i = 0; i < 500 && Path.Exists(path); i++)
        {
            await Task.Delay(10);
        }
        Path.Exists(path).ShouldBeFalse();
    }
}
