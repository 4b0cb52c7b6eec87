using Suture.Verify;

namespace Suture.Cli.Reports;

/// <summary>What <c>suture inspect --check --json</c> prints.</summary>
internal sealed record VerificationReport(
    string Module, bool Verified, string? Release, string? BuildId, string Expectation,
    List<VerificationReport.Check> Checks, List<string> NotChecked)
{
    internal sealed record Check(string Name, bool Ok, int Compared, List<string> Faults);

    public static VerificationReport From(string path, Manifest manifest, CheckReport report, bool withKernel, bool derived) => new(
        path, report.Verified, manifest.Release, manifest.BuildId, derived ? "derived" : "carried",
        [.. report.Parts.Select(p => new Check(p.Name, p.Faults.Count == 0, p.Count, [.. p.Faults]))],
        [.. withKernel ? Array.Empty<string>() : ["kernel: without --kernel nobody asked the kernel whether symbols are where the module says"],
            // No patch says it, so what was compiled again took it from the module.
            .. derived ? [$"replace: that applying it {(manifest.Replace ? "takes all other livepatches away" : "leaves other livepatches applied")} is the module's own word, and so is its name"] : Array.Empty<string>()]);

    /// <summary>When nothing tells what the module must be, it is not verified.</summary>
    public static VerificationReport Unverifiable(string path, string why) => new(path, false, null, null, "none", [], [why]);

    public void Print(string path)
    {
        foreach (var check in Checks)
        {
            Console.Out.WriteLine($"{check.Name,-10} {(check.Ok ? "ok" : "FAULT")}, {check.Compared} compared");
            foreach (var fault in check.Faults)
            {
                Console.Out.WriteLine($"           {fault}");
            }
        }
        foreach (var missing in NotChecked)
        {
            Console.Out.WriteLine($"not checked: {missing}");
        }
        Console.Out.WriteLine(Verified
            ? $"verified: {path} is what the compiler's objects ask for ({(Expectation == "derived" ? "compiled again" : "by its own record")})"
            : $"NOT verified: {path}");
    }
}
