using Shouldly;
using Xunit;

namespace Suture.VmTests;

/// <summary>What --module-source needs and refuses.</summary>
public sealed class ModuleSourceTests
{
    private static readonly string Example = Path.Combine(SutureProgram.Root, "examples/n-out-of-tree");

    private static SutureProgram.Result Build(string series, params string[] more) => SutureProgram.Run(
        ["build", Path.Combine(Example, "fix.patch"), "--kernel", Kernels.Newest(series), "-o", Directory.CreateTempSubdirectory("suture-source-").FullName, .. more]);

    [Fact]
    public void The_module_that_runs_must_be_given_and_be_this_kernels()
    {
        var source = Path.Combine(Example, "guestbook");
        var missing = Build("6.1", "--module-source", source);
        missing.ExitCode.ShouldBe(1, missing.ToString());
        missing.Error.ShouldContain("guestbook.ko");

        var module = ExternalModule.Build(source, Kernels.Newest("6.1"));
        var other = Build("6.12", "--module-source", source, "--module", module.File);
        other.ExitCode.ShouldBe(7, other.ToString());
        other.Error.ShouldContain(Kernels.Newest("6.1"));

        // Another source than the one that was built does not pass for it.
        var page = Path.Combine(module.Directory, "page.c");
        File.WriteAllText(page, File.ReadAllText(page).Replace("length >= GUESTBOOK_MAX_NAME", "length > GUESTBOOK_MAX_NAME", StringComparison.Ordinal));
        var stale = Build("6.1", "--module-source", module.Directory);
        stale.ExitCode.ShouldBe(7, stale.ToString());
        stale.Error.ShouldContain("SUT0301");

        var same = Build("6.1", "--module-source", source, "--module", module.File);
        same.ExitCode.ShouldBe(0, same.ToString());
    }
}
