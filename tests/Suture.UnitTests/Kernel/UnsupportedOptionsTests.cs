using Shouldly;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.Kernel;

/// <summary>Kernels that no livepatch can be built for are refused before anything is compiled.</summary>
public class UnsupportedOptionsTests
{
    [Theory]
    [InlineData("CONFIG_LTO_CLANG")]
    [InlineData("CONFIG_LTO_CLANG_THIN")]
    [InlineData("CONFIG_LTO_CLANG_FULL")]
    [InlineData("CONFIG_CFI_CLANG")]
    [InlineData("CONFIG_CFI")]
    public void Refused_by_name_with_advice(string option)
    {
        var refusal = Should.Throw<KernelException>(() => UnsupportedOptions.Refuse("6.12.0", KernelConfig.Parse($"CONFIG_X86_64=y\n{option}=y\n")));
        refusal.Message.ShouldContain($"kernel 6.12.0 has {option}=y");
        refusal.Advice.ShouldContain(option);
        refusal.Fault.ShouldBe(KernelFault.Mismatch);
    }

    [Fact]
    public void What_the_architecture_could_have_is_no_reason() => Should.NotThrow(() => UnsupportedOptions.Refuse("6.1.0",
        KernelConfig.Parse("CONFIG_ARCH_SUPPORTS_LTO_CLANG=y\nCONFIG_LTO_NONE=y\nCONFIG_ARCH_SUPPORTS_CFI_CLANG=y\n# CONFIG_CFI_CLANG is not set\n")));
}
