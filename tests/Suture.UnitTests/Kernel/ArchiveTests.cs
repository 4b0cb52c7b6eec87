using Shouldly;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.Kernel;

public class ArchiveTests
{
    private static readonly string Hash = new('a', 64);

    [Fact]
    public void UrisAreReadAndWhatLeadsElsewhereIsNot()
    {
        var found = ArchivePackage.Parse(
            $"'http://x/linux-source-6.1_6.1.1_all.deb' linux-source-6.1_6.1.1_all.deb 139 SHA256:{Hash}\nW: something\n'http://x/e' ../../evil.deb 1 SHA256:{Hash}\n'http://x/n' n.deb 1 MD5Sum:00\n");
        found.ShouldBe([new("http://x/linux-source-6.1_6.1.1_all.deb", "linux-source-6.1_6.1.1_all.deb", 139, Hash)]);
        found[0].Name.ShouldBe("linux-source-6.1");
    }

    [Theory]
    [InlineData("Package: i\nVersion: 6.1.192-2\nBuilt-Using: linux (= 6.1.192-1)\n", "6.1.192-1")]
    [InlineData("Package: i\nVersion: 1\nBuilt-Using: gcc-12 (= 12), linux-6.12 (= 6.12.117-1~deb12u1)\n", "6.12.117-1~deb12u1")]
    [InlineData("Package: i\nVersion: 6.1.192-2\n", "6.1.192-2")]
    public void TheSourceVersionIsTheOneBuiltFrom(string stanza, string version) =>
        DebianKernel.SourceVersion(ControlStanza.Parse(stanza).ShouldHaveSingleItem()).ShouldBe(version);

    [Theory]
    [InlineData("6.1.0-56-cloud-amd64", true)]
    [InlineData("6.12.117+deb12-cloud-amd64", true)]
    [InlineData("../etc", false)]
    [InlineData("6.1/..", false)]
    [InlineData("6.1 x", false)]
    [InlineData("-o", false)]
    [InlineData("", false)]
    public void OnlyReleasesBecomePaths(string text, bool ok) => DebianKernel.IsRelease(text).ShouldBe(ok);

    [Theory]
    [InlineData("gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc-12")]
    [InlineData("x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc-12")]
    [InlineData("/bin/sh -c evil", "gcc")]
    [InlineData("", "gcc")]
    public void TheCompilerIsTheOneNamed(string text, string program) =>
        CompilerCheck.ProgramFor(KernelConfig.Parse($"CONFIG_CC_VERSION_TEXT=\"{text}\"\n")).ShouldBe(program);

    [Fact]
    public void CompilersAreComparedToTheRevisionWithoutTheirName()
    {
        const string built = "x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0";
        Should.NotThrow(() => CompilerCheck.Compare("6.1", built, "gcc-12", "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0"));
        foreach (var here in (string?[])[null, "gcc-12 (Debian 12.2.0-14) 12.2.0", "gcc-13 (Debian 13) 13"])
        {
            var fault = Should.Throw<KernelException>(() => CompilerCheck.Compare("6.1", built, "gcc-12", here));
            fault.Fault.ShouldBe(KernelFault.Mismatch);
            fault.Advice.ShouldContain("apt install gcc-12");
            fault.Message.ShouldContain("deb12u1");
        }
    }
}
