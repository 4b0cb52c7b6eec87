using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Suture.Diff;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Campaigns.Bench;

/// <summary>
/// How fast the engine diffs. The claim: at least 100 pairs a second in one process on the processors there are, the time
/// that the program needs to warm up included.
/// </summary>
internal static class DiffBenchmark
{
    private const double LeastPairsPerSecond = 100;

    public static Command Command()
    {
        var kernel = Campaign.KernelOption();
        var count = Campaign.NumberOption("--pairs", "how many pairs of objects", 500);
        var directory = new Option<DirectoryInfo>("--objects") { Description = "where the pairs are kept", HelpName = "DIR", Required = true };
        var json = Campaign.JsonOption();
        var command = new Command("bench-diff", "time the engine on pairs of kernel objects") { kernel, count, directory, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var progress = new ProgressLines("bench");
            var target = await KernelArgument.ResolveAsync(parsed.GetRequiredValue(kernel), progress, cancellation);
            var pairs = await ObjectPairs.MakeAsync(target, parsed.GetValue(count), parsed.GetRequiredValue(directory).FullName, progress, cancellation);
            var report = Measure(target.Release, pairs, progress);
            if (parsed.GetValue(json))
            {
                Campaign.Print(report, DiffBenchmarkJson.Default.DiffBenchmarkReport);
            }
            else
            {
                report.PrintMarkdown(Console.Out);
            }
            return report.PairsPerSecond >= LeastPairsPerSecond ? Campaign.Holds : Campaign.Fails;
        });
        return command;
    }

    private static DiffBenchmarkReport Measure(string kernel, IReadOnlyList<ObjectPairs.Pair> pairs, ProgressLines progress)
    {
        // Throughput comes first, in a process that has diffed nothing yet.
        progress.Note("throughput");
        var clock = Stopwatch.StartNew();
        Parallel.ForEach(pairs, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, pair => Diff(pair));
        var throughput = pairs.Count / clock.Elapsed.TotalSeconds;

        progress.Note("each pair alone, and readelf on it");
        var (ours, theirs, ratios, allocated, bytes) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var slowest = (Ms: 0.0, Source: "");
        var verdicts = new Dictionary<Verdict, int>();
        foreach (var pair in pairs)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            clock.Restart();
            var verdict = Diff(pair);
            var ms = clock.Elapsed.TotalMilliseconds;
            allocated.Add(GC.GetTotalAllocatedBytes(precise: true) - before);
            verdicts[verdict] = verdicts.GetValueOrDefault(verdict) + 1;
            var readelf = Readelf(pair);
            ours.Add(ms);
            theirs.Add(readelf);
            ratios.Add(ms / readelf);
            bytes.Add(new FileInfo(pair.Original).Length + new FileInfo(pair.Patched).Length);
            slowest = ms > slowest.Ms ? (ms, pair.Source) : slowest;
        }
        return new DiffBenchmarkReport(kernel, pairs.Count, Median(bytes), throughput, Median(ours), Median(theirs), Median(ratios),
            Median(allocated), allocated.Average(), slowest.Ms, slowest.Source, verdicts.ToDictionary(v => v.Key.ToString().ToLowerInvariant(), v => v.Value));
    }

    private static Verdict Diff(ObjectPairs.Pair pair) =>
        Differ.Run(ElfObject.ReadFile(pair.Original), ElfObject.ReadFile(pair.Patched)).Verdict;

    private static double Readelf(ObjectPairs.Pair pair)
    {
        var start = new ProcessStartInfo("readelf", ["-SsrW", pair.Original, pair.Patched]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.StandardOutput.BaseStream.CopyTo(Stream.Null);
        process.WaitForExit();
        return process.ExitCode == 0 ? clock.Elapsed.TotalMilliseconds : throw new IOException($"readelf fails on {pair.Original} and {pair.Patched}");
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? 0 : sorted[sorted.Count / 2];
    }
}

/// <summary>Outcome of the benchmark; times in milliseconds, sizes in bytes.</summary>
internal sealed record DiffBenchmarkReport(
    string Kernel, int Pairs, double MedianPairBytes, double PairsPerSecond, double MedianMs, double MedianReadelfMs, double MedianRatio,
    double MedianAllocatedBytes, double MeanAllocatedBytes, double SlowestMs, string SlowestSource, IReadOnlyDictionary<string, int> Verdicts)
{
    public void PrintMarkdown(TextWriter output) => MarkdownTable.Write(output, [$"{Kernel}, {Pairs} pairs", "value"],
    [
        ["pairs a second, one process, warm-up included (at least 100)", $"{PairsPerSecond:0}"],
        ["median time of a pair", $"{MedianMs:0.00} ms"],
        ["median time of `readelf -SsrW` on it", $"{MedianReadelfMs:0.00} ms"],
        ["median ratio", $"{MedianRatio:0.00}"],
        ["median size of a pair", $"{MedianPairBytes / 1024:0} KiB"],
        ["allocated a pair, median and mean", $"{MedianAllocatedBytes / 1024:0} KiB, {MeanAllocatedBytes / 1024:0} KiB"],
        ["slowest pair", $"{SlowestMs:0.0} ms ({SlowestSource})"],
        ["verdicts", string.Join(", ", Verdicts.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Value} {v.Key}"))],
    ]);
}

[JsonSerializable(typeof(DiffBenchmarkReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class DiffBenchmarkJson : JsonSerializerContext;
