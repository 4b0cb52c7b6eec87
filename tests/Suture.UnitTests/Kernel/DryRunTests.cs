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
            File.WriteAllText(path, "suture-units 1\nnonsense\n");
            Should.Throw<KernelException>(() => CompileDatabase.Load(path)).Message.ShouldContain(":2:");
        }
        finally
        {
            File.Delete(path);
        }
    }
}
