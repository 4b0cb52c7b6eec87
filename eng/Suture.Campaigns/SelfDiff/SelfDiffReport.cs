using System.Text.Json.Serialization;

namespace Suture.Campaigns.SelfDiff;

/// <summary>A pair that should be unchanged and is not.</summary>
/// <param name="Source">The unit.</param>
/// <param name="Pair">"itself" or "shifted".</param>
/// <param name="Verdict">"patchable", "refused", or "crash".</param>
/// <param name="Functions">Functions said to be changed or new.</param>
/// <param name="Data">Data said to be changed or new.</param>
/// <param name="Messages">Findings with their codes; for a crash the exception.</param>
internal sealed record SelfDiffException(
    string Source, string Pair, string Verdict, IReadOnlyList<string> Functions, IReadOnlyList<string> Data, IReadOnlyList<string> Messages);

/// <summary>Outcome of the campaign on one kernel.</summary>
/// <param name="Kernel">Release.</param>
/// <param name="Units">Units chosen.</param>
/// <param name="Itself">Objects diffed with themselves.</param>
/// <param name="Shifted">Objects diffed with a re-compile of the shifted source.</param>
/// <param name="Unchanged">Pairs of both kinds found unchanged.</param>
/// <param name="SlowestMs">The slowest pair, in milliseconds.</param>
/// <param name="SlowestSource">Its unit.</param>
/// <param name="Exceptions">All other pairs.</param>
/// <param name="NotCompiled">Units that do not compile, with the compiler's first words.</param>
internal sealed record SelfDiffReport(
    string Kernel, int Units, int Itself, int Shifted, int Unchanged, long SlowestMs, string SlowestSource,
    IReadOnlyList<SelfDiffException> Exceptions, IReadOnlyList<string> NotCompiled)
{
    /// <summary>Every unit compiled, and every pair is unchanged.</summary>
    public bool Holds => Units > 0 && Exceptions.Count == 0 && NotCompiled.Count == 0;

    public void PrintMarkdown(TextWriter output)
    {
        MarkdownTable.Write(output, ["Kernel", "Units", "With itself", "With ten blank lines more", "Unchanged", "Other", "Crashes", "Not compiled", "Slowest pair"],
        [
            [Kernel, $"{Units}", $"{Itself}", $"{Shifted}", $"{Unchanged}", $"{Exceptions.Count(e => e.Verdict != "crash")}",
                $"{Exceptions.Count(e => e.Verdict == "crash")}", $"{NotCompiled.Count}", $"{SlowestMs} ms ({SlowestSource})"],
        ]);
        if (Exceptions.Count > 0)
        {
            MarkdownTable.Write(output, ["Unit", "Pair", "Verdict", "Functions", "Data", "Messages"], Exceptions.Select(e => (IReadOnlyList<string>)
                [e.Source, e.Pair, e.Verdict, string.Join(", ", e.Functions), string.Join(", ", e.Data), string.Join("; ", e.Messages)]));
        }
        if (NotCompiled.Count > 0)
        {
            MarkdownTable.Write(output, ["Does not compile"], NotCompiled.Select(n => (IReadOnlyList<string>)[n]));
        }
    }
}

[JsonSerializable(typeof(SelfDiffReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class SelfDiffJson : JsonSerializerContext;
