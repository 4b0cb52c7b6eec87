using System.Diagnostics;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>A series of commits in a real repository becomes one livepatch of those that can be carried, which works in the lab.</summary>
public sealed class CatchUpTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("suture-catch-up-").FullName;

    private string Repository => Path.Combine(_work, "linux");

    public void Dispose() => Directory.Delete(_work, recursive: true);

    [Theory]
    [InlineData("6.1")]
    [InlineData("6.12")]
    public void Commits_are_carried_refused_or_wait(string series)
    {
        var release = Kernels.Newest(series);
        var tree = Path.Combine(Kernels.DirectoryOf(release), "source");
        Directory.CreateDirectory(Repository);
        Git("init", "-q");
        foreach (var file in (string[])["fs/proc/version.c", "fs/proc/cmdline.c", "fs/proc/cpuinfo.c"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Repository, file))!);
            File.Copy(Path.Combine(tree, file), Path.Combine(Repository, file));
        }
        Commit("base");
        Edit("fs/proc/version.c", "\t\tutsname()->version);", "\t\tutsname()->version);\n\tseq_puts(m, \"Caught up.\\n\");");
        Commit("proc: version: say that it was caught up\n\nCVE-2026-10001");
        Edit("fs/proc/version.c", "Caught up.", "Caught up twice.");
        Commit("proc: version: say it twice");
        Edit("fs/proc/cmdline.c", "proc_create_single(\"cmdline\", 0,", "proc_create_single(\"cmdline\", 0400,");
        Commit("proc: cmdline: for root alone");
        Edit("fs/proc/cpuinfo.c", "= seq_read_iter,", "= NULL,");
        Commit("proc: cpuinfo: another table");
        Edit("fs/proc/cpuinfo.c", "= NULL,", "= generic_file_read_iter,");
        Commit("proc: cpuinfo: the table again");
        Edit("README", "", "words\n");
        Commit("words");

        var first = Run(release, "first");
        States(first).ShouldBe(["carried", "carried", "boot-only", "refused", "waits-for", "not-built"]);
        var units = first.GetProperty("units").EnumerateArray().ToList();
        units[3].GetProperty("code").GetString().ShouldBe("SUT0203");
        units[4].GetProperty("waitsFor").GetString().ShouldBe(units[3].GetProperty("id").GetString());
        first.GetProperty("cves").GetProperty("carried").EnumerateArray().Select(c => c.GetString()).ShouldBe(["CVE-2026-10001"]);
        first.GetProperty("effective").GetString()!.ShouldEndWith("+ 2 of 5 fixes of HEAD~6..HEAD");

        var page = File.ReadAllText(Path.Combine(_work, "first/catch-up.html"));
        page.ShouldContain("proc: version: say it twice");
        page.ShouldNotContain("src=");

        // What is known is not built again, and what is built again is the same.
        Run(release, "second");
        var module = first.GetProperty("module").GetString()!;
        File.ReadAllBytes(module).ShouldBe(File.ReadAllBytes(Path.Combine(_work, "second", Path.GetFileName(module))));

        var probe = Path.Combine(_work, "probe");
        File.WriteAllText(probe, "#!/bin/sh\ngrep -q 'Caught up twice' /proc/version\n");
        File.SetUnixFileMode(probe, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var lab = SutureProgram.Run("lab", "run", module, "--kernel", release, "--probe", probe, "--json");
        lab.ExitCode.ShouldBe(0, lab.ToString());
    }

    private JsonElement Run(string release, string directory)
    {
        var result = SutureProgram.Run("catch-up", "--kernel", release, "--git", Repository, "HEAD~6..HEAD", "-o", Path.Combine(_work, directory), "--json");
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Json;
    }

    private static IEnumerable<string> States(JsonElement report) => report.GetProperty("units").EnumerateArray().Select(u => u.GetProperty("state").GetString()!);

    private void Edit(string file, string old, string text)
    {
        var path = Path.Combine(Repository, file);
        var before = File.Exists(path) ? File.ReadAllText(path) : "";
        before.ShouldContain(old);
        File.WriteAllText(path, old.Length == 0 ? before + text : before.Replace(old, text, StringComparison.Ordinal));
    }

    private void Commit(string message)
    {
        Git("add", "-A");
        Git("-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-q", "-m", message);
    }

    private void Git(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("git", ["-C", Repository, .. arguments]) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, errors);
    }
}
