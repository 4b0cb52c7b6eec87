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

        first.GetProperty("lab").GetProperty("verdict").GetString().ShouldBe("passed");

        // What is known is not built again, and what is built again is the same.
        Run(release, "second", "--no-lab");
        var module = first.GetProperty("module").GetString()!;
        File.ReadAllBytes(module).ShouldBe(File.ReadAllBytes(Path.Combine(_work, "second", Path.GetFileName(module))));

        var probe = Path.Combine(_work, "probe");
        File.WriteAllText(probe, "#!/bin/sh\ngrep -q 'Caught up twice' /proc/version\n");
        File.SetUnixFileMode(probe, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var workload = Path.Combine(_work, "workload");
        // Reads until its time is over, and counts one: what a shared machine does in five seconds says nothing about the livepatch.
        File.WriteAllText(workload, "#!/bin/sh\nend=$(($(cut -d. -f1 /proc/uptime) + $1))\n"
            + "while [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do cat /proc/version > /dev/null || exit 1; done\necho \"phase $SUTURE_PHASE\"\necho \"reads 1\"\n");
        File.SetUnixFileMode(workload, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var lab = SutureProgram.Run("lab", "run", module, "--kernel", release, "--probe", probe, "--workload", workload, "--workload-seconds", "5", "--json");
        lab.ExitCode.ShouldBe(0, lab.ToString());
        lab.Json.GetProperty("measurements").EnumerateArray().Select(m => $"{m.GetProperty("phase")} {m.GetProperty("name")}").ShouldBe(["before reads", "applying reads", "during reads", "after reads"]);
        lab.Json.GetProperty("stages").EnumerateArray().ShouldContain(s => s.GetProperty("name").GetString() == "workload-compare");
    }

    [Fact]
    public void Mails_and_trees_are_other_ways_to_say_it()
    {
        var release = Kernels.Newest("6.1");
        var tree = Path.Combine(Kernels.DirectoryOf(release), "source");
        Directory.CreateDirectory(Repository);
        Git("init", "-q");
        const string header = "include/linux/utsname.h";
        foreach (var file in (string[])["fs/proc/version.c", "fs/proc/loadavg.c", "fs/proc/cpuinfo.c", header])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Repository, file))!);
            File.Copy(Path.Combine(tree, file), Path.Combine(Repository, file));
        }
        Commit("base");
        // A header that a thousand units include, and none of them can know the new name.
        Edit(header, "static inline struct new_utsname *init_utsname",
            "static inline const char *caught_up(void)\n{\n\treturn \"Caught up.\\n\";\n}\n\nstatic inline struct new_utsname *init_utsname");
        Edit("fs/proc/version.c", "\t\tutsname()->version);", "\t\tutsname()->version);\n\tseq_puts(m, caught_up());");
        Commit("proc: version: with a header");
        Edit("fs/proc/loadavg.c", "unsigned long avnrun[3];", "unsigned long avnrun[3]; /* words */");
        Edit("fs/proc/cpuinfo.c", "= seq_read_iter,", "= NULL,");
        Commit("proc: cpuinfo: another table");

        var mails = Path.Combine(_work, "mails");
        using (var git = Process.Start(new ProcessStartInfo("git", ["-C", Repository, "format-patch", "--stdout", "HEAD~2..HEAD"]) { RedirectStandardOutput = true })!)
        {
            File.WriteAllText(mails, git.StandardOutput.ReadToEnd());
        }
        var byMail = Report(SutureProgram.Run("catch-up", "--kernel", release, "--mbox", mails, "--no-lab", "-o", Path.Combine(_work, "mail"), "--json"));
        States(byMail).ShouldBe(["carried", "refused"]);

        var later = LaterTree(tree);
        var byTree = Report(SutureProgram.Run("catch-up", "--kernel", release, "--to-tree", later, "--no-lab", "-o", Path.Combine(_work, "tree"), "--json"));
        var units = byTree.GetProperty("units").EnumerateArray().ToDictionary(u => u.GetProperty("id").GetString()!, u => u.GetProperty("state").GetString());
        units.ShouldBe(new Dictionary<string, string?> { ["fs/proc/cpuinfo.c"] = "refused", ["fs/proc/loadavg.c"] = "not-built", ["fs/proc/version.c"] = "carried" }, ignoreOrder: true);

        // What the operator answers for is carried, and the report says so. An error is nothing to answer for.
        var accept = Path.Combine(_work, "accept");
        File.WriteAllText(accept, "fs/proc/cpuinfo.c SUT0203 looked at\n");
        var accepted = Report(SutureProgram.Run("catch-up", "--kernel", release, "--to-tree", later, "--accept", accept, "--no-lab", "-o", Path.Combine(_work, "accepted"), "--json"));
        States(accepted).ShouldBe(["refused", "not-built", "carried"]);
    }

    [Fact]
    public async Task Killed_at_any_moment_and_gone_on_with_gives_the_same()
    {
        var release = Kernels.Newest("6.1");
        var tree = Path.Combine(Kernels.DirectoryOf(release), "source");
        Directory.CreateDirectory(Repository);
        foreach (var (file, old, text) in ((string, string, string)[])
        [
            ("fs/proc/version.c", "utsname()->version);", "utsname()->version);\n\tseq_puts(m, \"Caught up.\\n\");"), ("fs/proc/loadavg.c", "FIXED_1/200, 0", "FIXED_1/200, 1"),
            ("fs/proc/uptime.c", "idle_nsec = 0;", "idle_nsec = 1;"), ("fs/proc/cmdline.c", "seq_putc(m, '\\n');", "seq_puts(m, \"\\n\\n\");"),
        ])
        {
            var path = Path.Combine(Repository, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(Path.Combine(tree, file), path);
            Edit(file, old, text);
        }
        var later = LaterTree(tree);
        string[] Arguments(string directory) => ["catch-up", "--kernel", release, "--to-tree", later, "--no-lab", "-o", Path.Combine(_work, directory), "--json"];
        var outcomes = Path.Combine(Kernels.DirectoryOf(release), "work/catch-up");
        void Forget() => Array.ForEach(Directory.GetFiles(outcomes), File.Delete);

        var whole = Report(SutureProgram.Run(Arguments("whole")));
        States(whole).ShouldBe(["carried", "carried", "carried", "carried"]);
        Forget();
        var clock = Stopwatch.StartNew();
        Report(SutureProgram.Run(Arguments("again")));
        var length = clock.Elapsed;
        var killed = 0;
        for (var i = 1; i <= 6; i++)
        {
            Forget();
            using var run = SutureProgram.Start(null, Arguments("killed"));
            await Task.Delay(length * i / 7, TestContext.Current.CancellationToken);
            killed += run.HasExited ? 0 : 1;
            run.Kill(entireProcessTree: true);
            await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        killed.ShouldBeGreaterThan(0);
        var resumed = Report(SutureProgram.Run(Arguments("killed")));
        States(resumed).ShouldBe(States(whole));
        File.ReadAllBytes(resumed.GetProperty("module").GetString()!).ShouldBe(File.ReadAllBytes(whole.GetProperty("module").GetString()!));
        Directory.GetFiles(outcomes, "*.tmp").Length.ShouldBeLessThanOrEqualTo(killed);
    }

    /// <summary>The whole of <paramref name="tree"/>, with what <see cref="Repository"/> has of it in its place.</summary>
    private string LaterTree(string tree)
    {
        var later = Path.Combine(_work, "later");
        // Links: the copy of a kernel's source takes a gigabyte.
        using (var copying = Process.Start("cp", ["-al", tree, later]))
        {
            copying.WaitForExit();
            copying.ExitCode.ShouldBe(0);
        }
        foreach (var file in Directory.GetFiles(Repository, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Repository, f)).Where(f => !f.StartsWith(".git", StringComparison.Ordinal)))
        {
            File.Delete(Path.Combine(later, file));
            File.Copy(Path.Combine(Repository, file), Path.Combine(later, file));
        }
        return later;
    }

    private static JsonElement Report(SutureProgram.Result result)
    {
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Json;
    }

    private JsonElement Run(string release, string directory, params string[] more)
    {
        var result = SutureProgram.Run(["catch-up", "--kernel", release, "--git", Repository, "HEAD~6..HEAD", "-o", Path.Combine(_work, directory), "--json", .. more]);
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
