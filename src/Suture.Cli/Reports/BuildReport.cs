using Spectre.Console;
using Suture.Build;
using Suture.Diff.Model;
using Suture.Kernel;

namespace Suture.Cli.Reports;

/// <summary>What <c>suture build --json</c> prints.</summary>
internal sealed record BuildReport(
    string? Module, string Name, BuildReport.KernelPart Kernel, List<BuildReport.Function> Functions,
    List<FindingReport> Findings, BuildTimings Timings)
{
    internal sealed record KernelPart(string Release, string BuildId);

    internal sealed record Function(string Object, string Name, int Sympos, string Change, string Match);

    public static BuildReport From(BuildResult result, KernelBuild kernel, string path) => new(
        result.Module is null ? null : path, result.ModuleName,
        new KernelPart(kernel.Release, kernel.BuildId),
        [.. result.Functions.Select(f => new Function(f.Object, f.Name, f.SymPos, f.Change == Change.New ? "new" : "changed", f.Match.ToString().ToLowerInvariant()))],
        [.. result.Findings.Select(FindingReport.From)], result.Timings);

    public static void Print(BuildResult result, KernelBuild kernel, string path)
    {
        FindingReport.Print(result.Findings);
        if (result.Functions.Count > 0)
        {
            var table = new Table().Border(TableBorder.Simple).AddColumns("object", "function", "change", "match with what runs");
            foreach (var function in result.Functions)
            {
                table.AddRow(
                    Markup.Escape(function.Object), Markup.Escape(function.SymPos > 0 ? $"{function.Name},{function.SymPos}" : function.Name),
                    function.Change == Change.New ? "new" : "changed",
                    function.Change == Change.New ? "-" : function.Match.ToString().ToLowerInvariant());
            }
            Terminal.Out.Write(table);
        }
        var t = result.Timings;
        Console.Out.WriteLine(result.Status switch
        {
            BuildStatus.Built => $"built {path} for {kernel.Release} in {t.TotalMs / 1000.0:0.0} s (compile {t.CompileMs / 1000.0:0.0} s)",
            BuildStatus.NothingChanged => "nothing changed: no module made",
            BuildStatus.DoesNotApply => "the patch does not apply: no module made",
            BuildStatus.DoesNotCompile => "the patched source does not compile: no module made",
            BuildStatus.KernelMismatch => $"does not match {kernel.Release}: no module made",
            BuildStatus.VerificationFailed => "the module does not stand up to its verification: none handed out",
            _ => "refused: no module made",
        });
    }
}
