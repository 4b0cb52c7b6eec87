using System.Diagnostics;
using Shouldly;

namespace Suture.VmTests;

/// <summary>A module from outside the kernel's tree, built in a directory of its own with the prepared tree, as its users build it.</summary>
internal sealed record ExternalModule(string Directory, string File)
{
    /// <summary>Copies <paramref name="source"/> and builds it for <paramref name="release"/>.</summary>
    public static ExternalModule Build(string source, string release)
    {
        var directory = Path.Combine(System.IO.Directory.CreateTempSubdirectory("suture-module-").FullName, Path.GetFileName(source));
        foreach (var file in System.IO.Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(directory, Path.GetRelativePath(source, file));
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            System.IO.File.Copy(file, copy);
        }
        var start = new ProcessStartInfo("make",
            ["-C", Path.Combine(Kernels.DirectoryOf(release), "source"), $"M={directory}", "CC=gcc-12", "HOSTCC=gcc-12", $"KERNELRELEASE={release}", "modules"])
        {
            RedirectStandardOutput = true,
        };
        using var make = Process.Start(start)!;
        var output = make.StandardOutput.ReadToEnd();
        make.WaitForExit();
        make.ExitCode.ShouldBe(0, output);
        return new ExternalModule(directory, System.IO.Directory.GetFiles(directory, "*.ko").ShouldHaveSingleItem());
    }
}
