using Shouldly;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.Kernel;

public class DryRunTests
{
    private const string Builtin =
        "set -e;  echo '  CC      fs/a/b.o';    trap 'rm -f fs/a/b.o; trap - HUP; kill -s HUP $$' HUP; gcc-12 -Wp,-MMD,fs/a/.b.o.d -nostdinc -I./include "
        + "-include ./include/linux/kconfig.h -DX='\"a b\"' -g -DKBUILD_MODFILE='\"fs/a/c\"' -DKBUILD_BASENAME='\"b\"' -DKBUILD_MODNAME='\"c\"' -D__KBUILD_MODNAME=kmod_c "
        + "-c -o fs/a/b.o fs/a/b.c   ; ./tools/objtool/objtool --orc --uaccess   fs/a/b.o; scripts/basic/fixdep fs/a/.b.o.d fs/a/b.o 'gcc-12 -Wp,-MMD,fs/a/.b.o.d' > fs/a/.b.o.cmd";

    private const string Module =
        "set -e;  echo '  CC [M]  fs/x-y/s.o'; gcc-12 -Wp,-MMD,fs/x-y/.s.o.d -nostdinc -DMODULE -DKBUILD_BASENAME='\"s\"' -DKBUILD_MODNAME='\"x_y\"' -D__KBUILD_MODNAME=kmod_x_y "
        + "-c -o fs/x-y/s.o fs/x-y/s.c   ; ./tools/objtool/objtool --hacks=noinstr --orc   --module fs/x-y/s.o; scripts/basic/fixdep";

    [Fact]
    public void ABuiltinUnitHasItsArgumentsAlone()
    {
        var run = new DryRun("gcc-12");
        run.Add(Builtin);
        var unit = run.Units.ShouldHaveSingleItem();
        unit.Source.ShouldBe("fs/a/b.c");
        unit.Object.ShouldBe("fs/a/b.o");
        unit.Owner.ShouldBe("vmlinux");
        unit.Arguments.ShouldBe(["gcc-12", "-nostdinc", "-I./include", "-include", "./include/linux/kconfig.h", "-DX=\"a b\"", "-g",
            "-DKBUILD_MODFILE=\"fs/a/c\"", "-DKBUILD_BASENAME=\"b\"", "-DKBUILD_MODNAME=\"c\"", "-D__KBUILD_MODNAME=kmod_c"]);
        run.ModuleObjtoolArguments.ShouldBeEmpty();
    }

    [Fact]
    public void AModuleUnitNamesItsModuleAndItsObjtool()
    {
        var run = new DryRun("gcc-12");
        run.Add(Builtin);
        run.Add(Module);
        run.Units[1].Owner.ShouldBe("x_y");
        run.ModuleObjtoolArguments.ShouldBe(["--hacks=noinstr", "--orc", "--module"]);
    }

    [Fact]
    public void AUnitOfSeveralModulesNamesThemAll()
    {
        var run = new DryRun("gcc-12");
        run.Add(Module.Replace("x_y\"' -D__", "x_y:z-a\"' -D__", StringComparison.Ordinal));
        run.Units[0].Owner.ShouldBe("x_y");
        run.Units[0].OtherOwners.ShouldBe(["z_a"]);

        var file = Path.GetTempFileName();
        CompileDatabase.Write(file, run.Units);
        var read = CompileDatabase.Load(file).Find("fs/x-y/s.c").ShouldNotBeNull();
        File.Delete(file);
        read.Owner.ShouldBe("x_y");
        read.OtherOwners.ShouldBe(["z_a"]);
    }

    [Fact]
    public void A_source_that_is_compiled_for_the_kernel_and_for_what_boots_it_is_two_units()
    {
        var run = new DryRun("gcc-12");
        run.Add("set -e; gcc-12 -Wp,-MMD,p/.sha256.o.d -mcmodel=kernel -mcmodel=small -DKBUILD_BASENAME='\"sha256\"' -c -o arch/x86/purgatory/sha256.o lib/sha256.c");
        run.Add("set -e; gcc-12 -Wp,-MMD,lib/.sha256.o.d -mcmodel=kernel -DKBUILD_BASENAME='\"sha256\"' -c -o lib/sha256.o lib/sha256.c");
        run.Add("set -e; gcc-12 -Wp,-MMD,v/.vgetcpu.o.d -mcmodel=kernel -mcmodel=small -fPIC -c -o arch/x86/entry/vdso/vgetcpu.o arch/x86/entry/vdso/vgetcpu.c");
        run.Add("set -e; gcc-12 -Wp,-MMD,r/.regs.o.d -m16 -c -o arch/x86/realmode/rm/regs.o arch/x86/realmode/rm/regs.c");
        var file = Path.GetTempFileName();
        CompileDatabase.Write(file, run.Units);
        var database = CompileDatabase.Load(file);
        File.Delete(file);

        database.Count.ShouldBe(4);
        database.Find("lib/sha256.c")!.Object.ShouldBe("lib/sha256.o");
        database.All.Where(u => u.IsBeforeKernel).Select(u => u.Object).ShouldBe(["arch/x86/purgatory/sha256.o", "arch/x86/realmode/rm/regs.o"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc-12")]
    [InlineData("x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14) 12.2.0", "gcc-12")]
    [InlineData("gcc (GCC) 13.2.1 20231011 (Red Hat 13.2.1-4)", "gcc")]
    [InlineData("Debian clang version 14.0.6", "clang-14")]
    [InlineData("clang version 18.1.3 (Fedora 18.1.3-1.fc40)", "clang-18")]
    [InlineData("Ubuntu clang version 15.0.7", "clang-15")]
    [InlineData("/bin/sh -c evil (GCC) 1", "gcc")]
    public void The_compiler_is_called_as_the_configuration_says(string text, string program) =>
        CompilerCheck.ProgramFor(KernelConfig.Parse($"CONFIG_CC_VERSION_TEXT=\"{text}\"\n")).ShouldBe(program);

    [Fact]
    public void A_module_that_is_there_twice_is_refused_when_it_matters()
    {
        var root = Directory.CreateTempSubdirectory("suture-modules-").FullName;
        foreach (var path in new[] { "kernel/net/e1000e.ko", "updates/dkms/e1000e.ko", "kernel/net/alone.ko" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, path))!);
            File.WriteAllText(Path.Combine(root, path), path);
        }
        var modules = ModuleSet.Scan(root);
        modules.ReadFile("alone").Path.ShouldEndWith("alone.ko");
        Should.Throw<KernelException>(() => modules.ReadFile("e1000e")).Message.ShouldContain("there twice");
        modules.With([Path.Combine(root, "updates/dkms/e1000e.ko")]).ReadFile("e1000e").Path.ShouldContain("dkms");
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void The_view_of_a_configured_tree_gives_no_reason_to_configure_it_again()
    {
        var root = Directory.CreateTempSubdirectory("suture-view-").FullName;
        var tree = Path.Combine(root, "tree");
        foreach (var (path, text) in new[] { (".config", "CONFIG_A=y\n"), ("include/config/auto.conf", "CONFIG_A=y\n"), ("include/config/auto.conf.cmd", "deps"), ("include/generated/autoconf.h", "#define"), ("include/linux/x.h", "x"),
            ("Makefile", "all: include/config/auto.conf\ninclude/config/auto.conf: .config\n\t@echo again > $@\n") })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(tree, path))!);
            File.WriteAllText(Path.Combine(tree, path), text);
        }
        File.SetLastWriteTimeUtc(Path.Combine(tree, ".config"), DateTime.UtcNow - TimeSpan.FromMinutes(1));
        File.SetLastWriteTimeUtc(Path.Combine(tree, "include/config/auto.conf"), DateTime.UtcNow - TimeSpan.FromHours(1));
        var view = Path.Combine(root, "view");
        ConfiguredView.Create(tree, view);

        Suture.UnitTests.Compile.TinyTree.Run("make", ["-s"], view);

        File.ReadAllText(Path.Combine(view, "include/config/auto.conf")).ShouldBe("CONFIG_A=y\n");
        File.ReadAllText(Path.Combine(view, "include/config/auto.conf.cmd")).ShouldBeEmpty();
        File.ReadAllText(Path.Combine(view, "include/linux/x.h")).ShouldBe("x");
        Directory.Delete(view, recursive: true);
        File.ReadAllText(Path.Combine(tree, "include/config/auto.conf.cmd")).ShouldBe("deps");
        File.ReadAllText(Path.Combine(tree, "include/linux/x.h")).ShouldBe("x");
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void GeneratedSourcesAreCollected()
    {
        var run = new DryRun("gcc-12");
        run.Add("set -e;  echo '  ASN.1   crypto/x.asn1.[ch]';  scripts/asn1_compiler crypto/x.asn1 crypto/x.asn1.c crypto/x.asn1.h");
        run.Add("set -e;  echo '  GEN     lib/crc32table.h'; lib/gen_crc32table > lib/crc32table.h");
        run.Add("set -e; { :; } > a.tmp; if ! cmp -s a.tmp init/u.h; then echo '  UPD     init/u.h'; mv -f a.tmp init/u.h; fi");
        run.Add("set -e;  echo '  GEN     s/flask.h s/av.h';   trap 'rm -f s/flask.h; trap - HUP; kill -s HUP $$' HUP; x");
        run.Add("set -e;  echo '  IPE_POL ';   trap 'rm -f s/policy.c; trap - HUP; kill -s HUP $$' HUP; x");
        run.Add("set -e;  echo '  VDSO2C  arch/x86/entry/vdso/vdso-image-64.c'; x");
        run.Add("set -e;  echo '  LDS     arch/x86/kernel/vmlinux.lds'; x");
        run.Add("echo '  GEN     outside.h'");
        run.GeneratedSources.ShouldBe(["crypto/x.asn1.c", "crypto/x.asn1.h", "init/u.h", "lib/crc32table.h", "s/av.h", "s/flask.h", "s/policy.c"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("set -e;")]
    [InlineData("set -e; gcc-12 -Wp,-MMD,x -c -o ")]
    [InlineData("set -e; gcc-12 -Wp,-MMD,x -c -o a.o")]
    [InlineData("set -e; echo '  GEN   ")]
    [InlineData("set -e; gcc-12 -Wp,-MMD,x 'open -c -o a.o a.c")]
    [InlineData("set -e; ./tools/objtool/objtool --module")]
    public void BrokenLinesSayNothing(string line)
    {
        var run = new DryRun("gcc-12");
        run.Add(line);
        run.Units.ShouldBeEmpty();
    }

    [Fact]
    public void TheDatabaseGivesBackWhatWasWritten()
    {
        var run = new DryRun("gcc-12");
        run.Add(Builtin);
        run.Add(Module);
        var path = Path.GetTempFileName();
        try
        {
            CompileDatabase.Write(path, run.Units);
            var database = CompileDatabase.Load(path);
            database.Count.ShouldBe(2);
            database.Find("fs/none.c").ShouldBeNull();
            foreach (var unit in run.Units)
            {
                var read = database.Find(unit.Source)!;
                read.Owner.ShouldBe(unit.Owner);
                read.Object.ShouldBe(unit.Object);
                read.Arguments.ShouldBe(unit.Arguments);
            }
            File.WriteAllText(path, "suture-units 2\nnonsense\n");
            Should.Throw<KernelException>(() => CompileDatabase.Load(path)).Message.ShouldContain(":2:");
        }
        finally
        {
            File.Delete(path);
        }
    }
}
