using Spectre.Console;
using Suture.Build;
using Suture.Build.Replace;
using Suture.Diff.Model;
using Suture.Kernel;

namespace Suture.Cli.Reports;

/// <summary>What <c>suture build --json</c> prints.</summary>
internal sealed record BuildReport(
    string? Module, string Name, BuildReport.KernelPart Kernel, List<BuildReport.Function> Functions,
    List<FindingReport> Findings, BuildTimings Timings, List<BuildReport.Older> Replaces, string? Version, string? Title, IReadOnlyList<string> Cves)
{
    internal sealed record KernelPart(string Release, string BuildId);

    internal sealed record Function(string Object, string Name, int Sympos, string Change, string Match);

    /// <summary>A livepatch that this one replaces, and what becomes of each function: added, kept, changed or dropped.</summary>
    internal sealed record Older(string Module, List<OlderFunction> Functions);

    internal sealed record OlderFunction(string Object, string Name, int Sympos, string Change);

    public static BuildReport From(BuildResult result, KernelBuild kernel, string path) => new(
        result.Module is null ? null : path, result.ModuleName,
        new KernelPart(kernel.Release, kernel.BuildId),
        [.. result.Functions.Select(f => new Function(f.Object, f.Name, f.SymPos, f.Change == Change.New ? "new" : "changed", f.Match.ToString().ToLowerInvariant()))],
        [.. result.Findings.Select(FindingReport.From)], result.Timings,
        [.. result.Replaces.Select(o => new Older(o.Module,
            [.. o.Functions.Select(f => new OlderFunction(f.Object, f.Name, f.SymPos, f.Change.ToString().ToLowerInvariant()))]))],
        result.Note?.Version, result.Note?.Title, result.Note?.Cves ?? []);

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
        foreach (var older in result.Replaces)
        {
            PrintSuccession(older);
        }
        if (result.Note is { } note)
        {
            Console.Out.WriteLine($"{note.Name} {note.Version}: {note.Title ?? "no title"}{(note.Cves.Count > 0 ? $" ({string.Join(", ", note.Cves)})" : "")}");
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

    private static void PrintSuccession(Succession older)
    {
        Console.Out.WriteLine($"in place of {older.Module}:");
        foreach (var group in older.Functions.GroupBy(f => f.Change).OrderBy(g => g.Key))
        {
            var what = group.Key switch
            {
                SuccessionChange.Added => "adds",
                SuccessionChange.Kept => "keeps, same code",
                SuccessionChange.Changed => "keeps, new code",
                _ => "drops",
            };
            var names = group.Select(f => (f.Object == "vmlinux" ? "" : f.Object + ":") + (f.SymPos > 0 ? $"{f.Name},{f.SymPos}" : f.Name));
            Console.Out.WriteLine($"  {what}: {string.Join(", ", names)}");
        }
    }
}
