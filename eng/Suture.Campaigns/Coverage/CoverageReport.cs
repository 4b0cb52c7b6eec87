using System.Text.Json.Serialization;
using Suture.Diff.Findings;

namespace Suture.Campaigns.Coverage;

/// <summary>Something a build had to say.</summary>
internal sealed record CoverageFinding(string Code, string Severity, string? File, int Line, string? Symbol, string Message);

/// <summary>What the lab said of a module.</summary>
/// <param name="Passed">Loaded, completed its transition, reverted and unloaded, with a clean kernel log.</param>
/// <param name="Detail">What failed, or remarks.</param>
internal sealed record CoverageTrial(bool Passed, string Detail);

/// <summary>One patch and what became of it.</summary>
/// <param name="Name">Name of the livepatch.</param>
/// <param name="Kind">"alone" for one .c file, "group" for a header or .c file with all it needs.</param>
/// <param name="Files">Files that the patch changes; the one it was made for comes first.</param>
/// <param name="Outcome">built, nothing-changed, refused, does-not-compile, does-not-apply, kernel-mismatch, timed-out or crash.</param>
/// <param name="Findings">What the build said.</param>
/// <param name="Fault">For a crash the exception, for a time-out the limit.</param>
/// <param name="Ms">How long the build took.</param>
/// <param name="Functions">How many functions the module replaces or brings along.</param>
/// <param name="Trial">The lab's verdict; null when there is no module or no lab.</param>
internal sealed record CoverageRow(
    string Name, string Kind, IReadOnlyList<string> Files, string Outcome, IReadOnlyList<CoverageFinding> Findings, string? Fault, long Ms, int Functions,
    CoverageTrial? Trial)
{
    /// <summary>What the build said when it failed for want of something that another changed file may bring; else null.</summary>
    [JsonIgnore]
    public IReadOnlyList<Finding>? Lacking { get; init; }

    /// <summary>For what is refused: the reason that weighs most.</summary>
    [JsonIgnore]
    public string Reason
    {
        get
        {
            bool Has(params string[] codes) => codes.Any(c => Codes.Contains(c, StringComparison.Ordinal));
            return Has("SUT05") ? "a type or prototype means something else to code or objects that stay"
                : Has("SUT0203", "SUT0204") ? "static data that the running kernel holds"
                : Has("SUT0202") ? "no ftrace entry, nor have all callers"
                : Has("SUT0201", "SUT0205") ? "read or run only at boot or module load"
                : Has("SUT0405") ? "more units than --most-units include the header"
                : Codes;
        }
    }

    /// <summary>Whether a single .c file is refused for a changed type alone, and the engine takes its objects when they are compiled without types.</summary>
    public bool IsPatchableButForTypes { get; init; }

    /// <summary>Codes of the errors, each once; the outcome when there are none.</summary>
    [JsonIgnore]
    public string Codes => Findings.Where(f => f.Severity == "error").Select(f => f.Code).Distinct().Order(StringComparer.Ordinal).ToList() is { Count: > 0 } codes
        ? string.Join(" ", codes) : "-";
}

/// <summary>Outcome of the campaign on a pair of versions.</summary>
internal sealed record CoverageReport(
    string Old, string New, string Kernel, int ChangedSources, int ChangedHeaders, IReadOnlyList<string> AddedSources, IReadOnlyList<CoverageRow> Rows)
{
    /// <summary>Of the .c files that compile alone and change code of this kernel, how many per cent become a module.</summary>
    public double AlonePercent => Percent(Rows.Where(r => r.Kind == "alone"));

    /// <summary>The same, had types not been compared: what engines say that see machine code only.</summary>
    public double AloneButForTypesPercent => Percent(Rows.Where(r => r.Kind == "alone").Select(r => r.IsPatchableButForTypes ? r with { Outcome = "built" } : r));

    /// <summary>The same for groups.</summary>
    public double GroupPercent => Percent(Rows.Where(r => r.Kind == "group"));

    /// <summary>95 % alone, no crash, no time-out, and every module passes the lab.</summary>
    [JsonIgnore]
    public bool Holds => AlonePercent >= 95 && Rows.All(r => r.Outcome is not ("crash" or "timed-out" or "does-not-apply") && r.Trial is not { Passed: false });

    private static double Percent(IEnumerable<CoverageRow> rows)
    {
        var counted = rows.Where(r => r.Outcome is not ("does-not-compile" or "nothing-changed")).ToList();
        return counted.Count == 0 ? 0 : 100.0 * counted.Count(r => r.Outcome == "built") / counted.Count;
    }

    public void PrintMarkdown(TextWriter output)
    {
        output.WriteLine($"### {Old} → {New} on {Kernel}");
        output.WriteLine();
        output.WriteLine($"{ChangedSources} changed .c files and {ChangedHeaders} changed or new headers that this kernel is built from; "
            + $"{AddedSources.Count} .c files are new and nothing builds them here.");
        output.WriteLine();
        MarkdownTable.Write(output, ["Patches", "Number", "Do not compile so", "Change no code", "Become a module", "Refused", "Crash or time-out", "Share", "Lab: passed", "Lab: failed"],
            ((string[])["alone", "group"]).Select(kind => Summary(kind, Rows.Where(r => r.Kind == kind).ToList())));
        MarkdownTable.Write(output, ["Refused because", "Alone", "Groups"], Rows.Where(r => r.Outcome == "refused").GroupBy(r => r.Reason).OrderByDescending(g => g.Count())
            .Select(g => (IReadOnlyList<string>)[g.Key, $"{g.Count(r => r.Kind == "alone")}", $"{g.Count(r => r.Kind == "group")}"]));
        MarkdownTable.Write(output, ["Patches", "Outcome", "Codes", "Number"], Rows.GroupBy(r => (r.Kind, r.Outcome, r.Codes))
            .OrderBy(g => g.Key.Kind, StringComparer.Ordinal).ThenByDescending(g => g.Count()).ThenBy(g => g.Key.Codes, StringComparer.Ordinal)
            .Select(g => (IReadOnlyList<string>)[g.Key.Kind, g.Key.Outcome, g.Key.Codes, $"{g.Count()}"]));
        output.WriteLine($"Had types not been compared, {Rows.Count(r => r.IsPatchableButForTypes)} more of the .c files alone would have become a module: {AloneButForTypesPercent:0.0} %.");
        output.WriteLine();
        Details(output, "Not a module", Rows.Where(r => r.Outcome is not ("built" or "nothing-changed" or "does-not-compile")));
        Details(output, "Groups that do not compile", Rows.Where(r => r is { Outcome: "does-not-compile", Kind: "group" }));
        var failed = Rows.Where(r => r.Trial is { Passed: false }).ToList();
        if (failed.Count > 0)
        {
            MarkdownTable.Write(output, ["Failed in the lab", "Files", "What"], failed.Select(r => (IReadOnlyList<string>)[r.Name, string.Join(" ", r.Files), r.Trial!.Detail]));
        }
    }

    private IReadOnlyList<string> Summary(string kind, List<CoverageRow> rows)
    {
        int Count(params string[] outcomes) => rows.Count(r => outcomes.Contains(r.Outcome));
        return [kind, $"{rows.Count}", $"{Count("does-not-compile")}", $"{Count("nothing-changed")}", $"{Count("built")}",
            $"{Count("refused", "kernel-mismatch", "does-not-apply")}", $"{Count("crash", "timed-out")}", $"{(kind == "alone" ? AlonePercent : GroupPercent):0.0} %",
            $"{rows.Count(r => r.Trial is { Passed: true })}", $"{rows.Count(r => r.Trial is { Passed: false })}"];
    }

    private static void Details(TextWriter output, string title, IEnumerable<CoverageRow> rows)
    {
        var lines = rows.SelectMany(r => r.Fault is not null ? [(Row: r, Code: r.Outcome, Where: "", Symbol: "", r.Fault.Split('\n')[0])]
            : r.Findings.Where(f => f.Severity == "error").Take(8).Select(f => (Row: r, f.Code, Where: $"{f.File}:{f.Line}", Symbol: f.Symbol ?? "", f.Message))).ToList();
        if (lines.Count > 0)
        {
            MarkdownTable.Write(output, [title, "Code", "Where", "Symbol", "Message"], lines.Select(l => (IReadOnlyList<string>)
                [l.Row.Files.Count == 1 ? l.Row.Files[0] : $"{l.Row.Files[0]} and {l.Row.Files.Count - 1} more", l.Code, l.Where, l.Symbol, l.Item5]));
        }
    }
}

[JsonSerializable(typeof(CoverageReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class CoverageJson : JsonSerializerContext;
