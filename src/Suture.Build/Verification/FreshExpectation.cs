using Suture.Diff.Findings;
using Suture.Verify;

namespace Suture.Build.Verification;

/// <summary>What a patch that was compiled again says of a module that somebody else made.</summary>
public static class FreshExpectation
{
    /// <summary>
    /// The expectation, or in words why there is none. Only a livepatch that stood up to all checks tells what another must be: what the verifier
    /// made of a build that failed describes a livepatch that must not exist.
    /// </summary>
    public static (Manifest? Expectation, string Why) Of(BuildResult result, string release)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (result is { Status: BuildStatus.Built, Expectation: { } expectation })
        {
            return (expectation, "");
        }
        var errors = result.Findings.Where(f => f.Severity == Severity.Error).Select(f => $"{f.Code} {f.Message}").ToList();
        return (null, $"the patch does not give a livepatch for {release}: {(errors.Count > 0 ? string.Join("; ", errors) : result.Status.ToString())}");
    }
}
