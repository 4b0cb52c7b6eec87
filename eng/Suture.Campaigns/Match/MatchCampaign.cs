using System.CommandLine;
using System.Text.Json.Serialization;
using Suture.Build;
using Suture.Kernel;

namespace Suture.Campaigns.Match;

/// <summary>
/// What is compiled here is what runs there: every function of each unit against the shipped vmlinux and modules.
/// The claim: all units compile, and at least 99.5 % of their functions are identical.
/// </summary>
internal static class MatchCampaign
{
    private const double Least = 99.5;

    public static Command Command()
    {
        var kernel = Campaign.KernelOption();
        var units = Campaign.NumberOption("--units", "how many units, evenly chosen", 1500);
        var sources = new Option<string[]>("--source") { Description = "only units whose source begins so", HelpName = "PREFIX", AllowMultipleArgumentsPerToken = true };
        var json = Campaign.JsonOption();
        var command = new Command("match", "compare every function compiled here with the shipped kernel") { kernel, units, sources, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var progress = new ProgressLines("match");
            var target = await KernelArgument.ResolveAsync(parsed.GetRequiredValue(kernel), progress, cancellation);
            var chosen = MatchSurvey.Choose(target, parsed.GetValue(sources) ?? [], parsed.GetValue(units));
            var report = MatchCampaignReport.From(target.Release, await MatchSurvey.RunAsync(target, chosen, progress, cancellation));
            if (parsed.GetValue(json))
            {
                Campaign.Print(report, MatchCampaignJson.Default.MatchCampaignReport);
            }
            else
            {
                report.PrintMarkdown(Console.Out);
            }
            return report is { Failed.Count: 0, Functions: > 0, Percent: >= Least } ? Campaign.Holds : Campaign.Fails;
        });
        return command;
    }
}

/// <summary>A function that is not identical.</summary>
internal sealed record MatchException(string File, string Function, string Match, string Detail);

/// <summary>Outcome on one kernel.</summary>
internal sealed record MatchCampaignReport(
    string Kernel, int Units, int Functions, int Identical, double Percent, IReadOnlyList<MatchException> Exceptions, IReadOnlyList<string> Failed)
{
    public static MatchCampaignReport From(string kernel, MatchSurvey.Report report) => new(kernel, report.Units, report.Functions, report.Identical,
        report.Functions == 0 ? 0 : 100.0 * report.Identical / report.Functions,
        [.. report.Exceptions.Select(e => new MatchException(e.Source, e.Function, e.State.ToString().ToLowerInvariant(), e.Detail))], report.Failed);

    public void PrintMarkdown(TextWriter output)
    {
        MarkdownTable.Write(output, ["Kernel", "Units", "Functions", "Identical", "Share", "Not compiled"],
            [[Kernel, $"{Units}", $"{Functions}", $"{Identical}", $"{Percent:0.000} %", $"{Failed.Count}"]]);
        if (Exceptions.Count > 0)
        {
            MarkdownTable.Write(output, ["File", "Function", "Match", "Cause"], Exceptions.Select(e => (IReadOnlyList<string>)[e.File, e.Function, e.Match, e.Detail]));
        }
        if (Failed.Count > 0)
        {
            MarkdownTable.Write(output, ["Does not compile"], Failed.Select(f => (IReadOnlyList<string>)[f]));
        }
    }
}

[JsonSerializable(typeof(MatchCampaignReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class MatchCampaignJson : JsonSerializerContext;
