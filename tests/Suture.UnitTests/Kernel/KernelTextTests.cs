using System.Text;
using Shouldly;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.Kernel;

/// <summary>The text formats of a kernel build: configuration, symbols, exports.</summary>
public class KernelTextTests
{
    [Fact]
    public void ConfigurationHasValuesTextAndAbsence()
    {
        var config = KernelConfig.Parse("# comment\nCONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D=0x10\nCONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian \\\"x\\\") 12\"\n");
        config["CONFIG_A"].ShouldBe("y");
        config.IsSet("CONFIG_B").ShouldBeTrue();
        config.IsSet("CONFIG_C").ShouldBeFalse();
        config["CONFIG_C"].ShouldBeNull();
        config.IsSet("CONFIG_D").ShouldBeFalse();
        config.CompilerVersionText.ShouldBe("gcc-12 (Debian \"x\") 12");
    }

    [Fact]
    public void ConfigurationsDifferByName()
    {
        var a = KernelConfig.Parse("CONFIG_A=y\nCONFIG_B=n\n");
        a.Difference(KernelConfig.Parse("CONFIG_A=y\n")).ShouldBeNull();
        a.Difference(KernelConfig.Parse("CONFIG_A=y\nCONFIG_Z=m\n")).ShouldBe("CONFIG_Z");
    }

    [Fact]
    public void DuplicateSymbolsComeInAddressOrder()
    {
        var map = SystemMap.Parse("ffffffff81000300 t twin\nffffffff81000100 T one\nffffffff81000200 t twin\n"u8, "System.map");
        map.Find("twin").Select(s => s.Address).ShouldBe([0xffffffff81000200, 0xffffffff81000300]);
        map.Find("none").ShouldBeEmpty();
        map.FindByAddress(0xffffffff81000250)!.Value.Address.ShouldBe(0xffffffff81000200);
        map.FindByAddress(0xffffffff810000ff).ShouldBeNull();
    }

    [Fact]
    public void EqualAddressesKeepTheirOrder()
    {
        var map = SystemMap.Parse("0000000000000010 t b\n0000000000000010 t a\n0000000000000008 t c\n"u8, "System.map");
        map.All.Select(s => s.Name).ShouldBe(["c", "b", "a"]);
        map.FindByAddress(0x10)!.Value.Name.ShouldBe("b");
    }

    [Theory]
    [InlineData("")]
    [InlineData("ffffffff81000000 T")]
    [InlineData("ffffffff8100000z T x\n")]
    [InlineData("ffffffff81000000T x\n")]
    public void DamagedSymbolsAreRefused(string text) =>
        Should.Throw<KernelException>(() => SystemMap.Parse(Encoding.UTF8.GetBytes(text), "System.map")).Message.ShouldContain("System.map");

    [Fact]
    public void ExportsHaveOwnerKindAndNamespace()
    {
        var table = ExportTable.Parse("0xf7370f56\tsystem_state\tvmlinux\tEXPORT_SYMBOL\t\n0x00000001\tx\tdrivers/a-b/c-d\tEXPORT_SYMBOL_GPL\tNS\n", "Module.symvers");
        table.TryGet("system_state", out var state).ShouldBeTrue();
        state.ShouldBe(new("system_state", 0xf7370f56, "vmlinux", false, null));
        table.TryGet("x", out var x).ShouldBeTrue();
        x.ShouldBe(new("x", 1, "c_d", true, "NS"));
        table.TryGet("y", out _).ShouldBeFalse();
        Should.Throw<KernelException>(() => ExportTable.Parse("0xf7\tname\n", "Module.symvers")).Message.ShouldContain("Module.symvers:1");
    }

    [Theory]
    [InlineData("fs/nls/nls_iso8859-1.ko.xz", "nls_iso8859_1")]
    [InlineData("xfs", "xfs")]
    [InlineData("/lib/modules/x/kernel/a-b.ko", "a_b")]
    public void ModuleNamesAreThoseOfProcModules(string path, string name) => KernelModule.NameOf(path).ShouldBe(name);

    [Fact]
    public void ReleasesSortByNumber()
    {
        string[] releases = ["6.12.9-1", "6.1.0-56-cloud-amd64", "6.1.0-9-cloud-amd64", "6.12.117+deb12-amd64"];
        releases.Order(ReleaseOrder.Instance).ShouldBe(["6.1.0-9-cloud-amd64", "6.1.0-56-cloud-amd64", "6.12.9-1", "6.12.117+deb12-amd64"]);
    }
}
