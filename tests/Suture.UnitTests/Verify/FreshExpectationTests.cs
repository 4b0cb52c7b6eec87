using Shouldly;
using Suture.Build;
using Suture.Build.Verification;
using Suture.Diff.Findings;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>When a patch that was compiled again tells what a module must be.</summary>
public sealed class FreshExpectationTests
{
    private static readonly Manifest Expected = new CompiledPair("int f(void) { return 1; }", "int f(void) { return 2; }").Expect(["f"]).Manifest;

    private static BuildResult Result(BuildStatus status, params Finding[] findings) =>
        new(status, "suture_test", null, [], findings, new BuildTimings(0, 0, 0, 0, 0, 0), Expected);

    [Fact]
    public void A_build_that_stood_up_to_its_checks_tells() =>
        FreshExpectation.Of(Result(BuildStatus.Built), "6.1.0").Expectation.ShouldBe(Expected);

    [Theory]
    [InlineData(BuildStatus.VerificationFailed)]
    [InlineData(BuildStatus.Refused)]
    [InlineData(BuildStatus.KernelMismatch)]
    [InlineData(BuildStatus.NothingChanged)]
    public void A_build_that_failed_tells_nothing_but_why(BuildStatus status)
    {
        var (expectation, why) = FreshExpectation.Of(Result(status, new Finding("SUT0601", Severity.Error, null, 0, null, "'f' is left as it is", "")), "6.1.0");
        expectation.ShouldBeNull();
        why.ShouldBe("the patch does not give a livepatch for 6.1.0: SUT0601 'f' is left as it is");
    }
}
