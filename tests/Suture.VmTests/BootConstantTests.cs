using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>Functions with constants that the kernel's boot writes into its own code, from Linux 6.11 on.</summary>
public sealed class BootConstantTests
{
    [Fact]
    public void Constants_that_the_boot_fills_in_are_read_at_run_time()
    {
        var release = Kernels.Newest("6.12");
        var folder = Directory.CreateTempSubdirectory("suture-constants-").FullName;
        var patch = Path.Combine(SutureProgram.Root, "tests/Suture.VmTests/patches/boot-constants.patch");
        var build = SutureProgram.Run("build", patch, "--kernel", release, "--name", "constants", "-o", folder, "--json");
        build.ExitCode.ShouldBe(0, build.ToString());
        build.Json.GetProperty("functions").EnumerateArray().Select(f => f.GetProperty("name").GetString()).ShouldBe(["__d_lookup_rcu", "filldir64"], ignoreOrder: true);
        build.Json.GetProperty("functions").EnumerateArray().ShouldAllBe(f => f.GetProperty("match").GetString() == "identical");
        build.Json.GetProperty("findings").EnumerateArray().ShouldAllBe(f => f.GetProperty("code").GetString() != "SUT0210", build.ToString());
        var module = build.Json.GetProperty("module").GetString()!;
        // The placeholder that the compiler leaves for the boot.
        File.ReadAllBytes(module).AsSpan().IndexOf((ReadOnlySpan<byte>)[0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01]).ShouldBe(-1);

        // Each run takes a name of its own: one that was once said not to exist is remembered.
        var probe = Path.Combine(folder, "probe");
        File.WriteAllText(probe, """
            #!/bin/sh
            name=suture_hidden_$$
            mkdir /$name || exit 2
            ls / | grep -q $name && exit 1
            [ -d /$name ] && exit 1
            [ -d /proc ]

            """);
        File.SetUnixFileMode(probe, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var lab = SutureProgram.Run("lab", "run", module, "--kernel", release, "--probe", probe, "--json");
        lab.ExitCode.ShouldBe(0, lab.ToString());
    }
}
