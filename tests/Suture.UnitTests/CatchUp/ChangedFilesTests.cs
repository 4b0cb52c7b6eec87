using Shouldly;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>What differs between the tree of a kernel and a later source, and which sources it may be compared with.</summary>
public sealed class ChangedFilesTests : IDisposable
{
    private readonly FakeKernel _kernel = new();

    public void Dispose() => _kernel.Dispose();

    private ChangedFiles Find() => ChangedFiles.Find(_kernel.Open(), _kernel.Later, TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_source_that_is_not_there_any_more_is_a_refused_unit()
    {
        _kernel.WriteBuilt("fs/a.c", "int a;\n", later: "int a;\n");
        _kernel.WriteBuilt("fs/moved.c", "int b;\n", later: null);
        _kernel.WriteBuilt("lib/raid6/int2.c", "int c;\n", later: null);
        _kernel.WriteBuilt("crypto/key.asn1.c", "int d;\n", later: null);
        _kernel.WriteBuilt("drivers/tty/vt/keys.c", "int e;\n", later: null);
        _kernel.Write("source/.gitignore", "*.asn1.[ch]\n");
        _kernel.Write("source/lib/raid6/.gitignore", "# made\nint*.c\n");
        _kernel.Write("source/drivers/tty/.gitignore", "/keys.c\n");
        _kernel.Write("source/drivers/tty/vt/.gitignore", "/keys.c\n");
        Find().GoneSources.ShouldBe(["fs/moved.c"]);

        var kernel = _kernel.Open();
        var difference = await TreeDifference.ToTreeAsync(kernel, _kernel.Later, null, TestContext.Current.CancellationToken);
        var changes = difference.Changes.Concat(difference.Gone).ToDictionary(c => c.Id);
        using var builds = new ChangeBuilds(kernel, changes);
        async Task<IReadOnlyList<UnitVerdict>> Judge(bool isWanted) =>
            await new UnitJudge(difference, builds, changes, DataLinks.None, _ => isWanted, AcceptFile.Empty, null).RunAsync(TestContext.Current.CancellationToken);
        var unit = (await Judge(true)).ShouldHaveSingleItem();
        (unit.Id, unit.State, unit.Reason).ShouldBe(("fs/moved.c", UnitState.Refused, "moved or removed in the later source"));
        (await Judge(false)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("drivers/tty/keys.c", false)]
    [InlineData("drivers/tty/vt/keys.c", true)]
    [InlineData("drivers/tty/vt/more/keys.c", false)]
    [InlineData("a/b/c.asn1.h", true)]
    [InlineData("a/b/c.asn1.x", false)]
    public void What_git_is_to_ignore_is_generated(string path, bool isGenerated)
    {
        _kernel.Write("source/.gitignore", "*.asn1.[ch]\n!*.c\n");
        _kernel.Write("source/drivers/tty/vt/.gitignore", "/keys.c\n");
        new GeneratedSources(_kernel.Open().SourceTree).Contains(path).ShouldBe(isGenerated);
    }

    [Theory]
    [InlineData("include/generated/utsrelease.h")]
    [InlineData("include/generated/autoconf.h")]
    [InlineData("include/config/auto.h")]
    [InlineData("arch/x86/include/generated/asm/syscalls_64.h")]
    [InlineData("crypto/key.asn1.c")]
    public void What_a_build_made_in_either_tree_is_no_change(string path)
    {
        _kernel.Write("source/.gitignore", "*.asn1.[ch]\n");
        _kernel.WriteBuilt("fs/a.c", $"#include \"/{path}\"\n", later: $"#include \"/{path}\"\n");
        _kernel.WriteBuilt(path, "#define A 1\n", later: "#define A 2\n");
        _kernel.Write($"later/{Path.GetDirectoryName(path)}/another.asn1.h", "#define B 1\n");
        var files = Find();
        (files.Sources.Count, files.Headers.Count, files.OtherChanged, files.GoneSources.Count).ShouldBe((0, 0, 0, 0));
    }

    [Theory]
    [InlineData(null, null, "", false)]
    [InlineData("6.1.190-1", null, "", true)]
    [InlineData("6.1.190-1", null, "echo \\#define LINUX_PACKAGE_ID\n", false)]
    [InlineData("6.1.190-1", "linux (6.1.192-2) bookworm-security; urgency=high", "", false)]
    [InlineData("6.1.190-1", "linux (6.1.189-1) bookworm-security; urgency=high", "", true)]
    [InlineData("6.1.190-1", "what", "", true)]
    public async Task A_source_that_is_not_the_distributions_is_warned_of(string? own, string? changelog, string mark, bool isWarned)
    {
        _kernel.Write("later/Makefile", $"VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 3\n{mark}");
        if (changelog is not null)
        {
            _kernel.Write("later/debian/changelog", changelog + "\n");
        }
        var difference = await TreeDifference.ToTreeAsync(_kernel.Open(own), _kernel.Later, null, TestContext.Current.CancellationToken);
        (difference.Warning is not null).ShouldBe(isWarned);
        difference.LogFault.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("include/linux/new.h", true)]
    [InlineData("arch/x86/kernel/new.h", true)]
    [InlineData("drivers/net/wifi/new.h", true)]
    [InlineData("drivers/net/new.h", true)]
    [InlineData("drivers/net/wifi/api/new.h", true)]
    [InlineData("drivers/net/wifi/api/more/new.h", true)]
    [InlineData("drivers/gpu/drm/new.h", true)]
    [InlineData("drivers/gpu/drm/amd/include/new.h", false)]
    [InlineData("arch/arm64/include/asm/new.h", false)]
    [InlineData("tools/include/linux/new.h", false)]
    [InlineData("Documentation/new.h", false)]
    public void New_headers_are_those_that_this_kernel_may_include(string path, bool isTaken)
    {
        _kernel.WriteBuilt("drivers/net/wifi/a.c", "int a;\n", later: "int a;\n");
        _kernel.Write($"later/{path}", "int b;\n");
        var files = Find();
        files.Headers.ShouldBe(isTaken ? [path] : []);
        files.OtherChanged.ShouldBe(isTaken ? 0 : 1);
    }

    [Theory]
    [InlineData("6.1.191-1", null)]
    [InlineData("6.1.190-1", "not later")]
    [InlineData("6.1.190-1~deb12u1", "not later")]
    [InlineData("6.1.99-1", "not later")]
    [InlineData("6.12.5-1", "another series")]
    public async Task A_version_must_be_a_later_one_of_the_series(string version, string? fault)
    {
        Task Check(string? own) => LaterSource.CheckVersionAsync(_kernel.Open(own), version, TestContext.Current.CancellationToken);
        await Check(null);
        var thrown = await Record.ExceptionAsync(() => Check("6.1.190-1"));
        (thrown as KernelException)?.Message.ShouldContain(fault ?? "?");
        (thrown is null).ShouldBe(fault is null);
    }

    [Theory]
    [InlineData("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 3\n", null)]
    [InlineData("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 2\n", null)]
    [InlineData("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 1\n", "of a 6.1.1 kernel")]
    [InlineData("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 2\n", "of a 6.12.2 kernel")]
    [InlineData("all:\n", "does not say which kernel")]
    [InlineData(null, "does not say which kernel")]
    public async Task A_tree_must_be_of_the_series(string? makefile, string? fault)
    {
        File.Delete(Path.Combine(_kernel.Later, "Makefile"));
        if (makefile is not null)
        {
            _kernel.Write("later/Makefile", makefile);
        }
        var thrown = await Record.ExceptionAsync(() => TreeDifference.ToTreeAsync(_kernel.Open(), _kernel.Later, null, TestContext.Current.CancellationToken));
        (thrown as KernelException)?.Message.ShouldContain(fault ?? "?");
        (thrown is null).ShouldBe(fault is null);
    }
}
