using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Suture.Kernel;

namespace Suture.Campaigns.Fuzz;

/// <summary>
/// Damaged objects through the ELF reader, the diff engine and inspect, in processes of their own. The claim: nothing but their
/// own errors comes out, within 5 s and 1 GiB each.
/// </summary>
internal static partial class FuzzCampaign
{
    public static Command Command()
    {
        var kernel = new Option<string?>("--kernel") { Description = "damage objects of this kernel, compiled here", HelpName = "RELEASE|running|DIR" };
        var given = new Option<DirectoryInfo?>("--objects") { Description = "damage the .o files in this directory instead", HelpName = "DIR" };
        var minutes = Campaign.NumberOption("--minutes", "how long", 30);
        var inputs = Campaign.NumberOption("--inputs", "at most N inputs", int.MaxValue);
        var seed = Campaign.NumberOption("--seed", "number of the first input", 1, least: 0);
        var findings = new Option<DirectoryInfo>("--findings") { Description = "where findings and the objects go", HelpName = "DIR", Required = true };
        var json = Campaign.JsonOption();
        var command = new Command("fuzz", "feed damaged objects to all that reads objects") { kernel, given, minutes, inputs, seed, findings, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(kernel) is null == result.GetValue(given) is null)
            {
                result.AddError("give either --kernel or --objects");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            var progress = new ProgressLines("fuzz");
            var directory = Directory.CreateDirectory(parsed.GetRequiredValue(findings).FullName).FullName;
            var objects = parsed.GetValue(given)?.FullName;
            if (objects is null)
            {
                objects = Path.Combine(directory, "objects");
                var target = await KernelArgument.ResolveAsync(parsed.GetValue(kernel)!, progress, cancellation);
                await FuzzCorpus.MakeAsync(target, objects, progress, cancellation);
            }
            var report = await RunAsync(objects, directory, parsed.GetValue(seed), parsed.GetValue(inputs), TimeSpan.FromMinutes(parsed.GetValue(minutes)), progress, cancellation);
            if (parsed.GetValue(json))
            {
                Campaign.Print(report, FuzzJson.Default.FuzzReport);
            }
            else
            {
                report.PrintMarkdown(Console.Out);
            }
            return report is { Findings.Count: 0, Inputs: > 0 } ? Campaign.Holds : Campaign.Fails;
        });
        return command;
    }

    private static async Task<FuzzReport> RunAsync(
        string objects, string directory, int firstSeed, int most, TimeSpan time, ProgressLines progress, CancellationToken cancellation)
    {
        var originals = FuzzWorker.Originals(objects);
        var findings = new ConcurrentDictionary<string, FuzzFinding>(StringComparer.Ordinal);
        var clock = Stopwatch.StartNew();
        int taken = -1, inputs = 0, rejected = 0, diffed = 0;
        using (var worker = new WorkerProcess(objects))
        {
            for (var kind = 0; kind < HostileObjects.Count; kind++)
            {
                progress.Note($"made to be expensive: {HostileObjects.NameOf(kind)}");
                var answer = await worker.TryAsync(FuzzFinding.Hostile, kind, -1, cancellation);
                inputs++;
                rejected += answer == FuzzWorker.Rejected ? 1 : 0;
                diffed += answer == FuzzWorker.Diffed ? 1 : 0;
                if (answer is not (FuzzWorker.Rejected or FuzzWorker.Diffed))
                {
                    findings[$"hostile {kind}"] = new FuzzFinding(FuzzFinding.Hostile, kind, -1, $"{HostileObjects.NameOf(kind)}: {answer}", 0);
                    progress.Note(answer);
                }
            }
        }
        await Parallel.ForEachAsync(Enumerable.Range(0, Environment.ProcessorCount), cancellation, async (_, stop) =>
        {
            using var worker = new WorkerProcess(objects);
            while (clock.Elapsed < time && Interlocked.Increment(ref taken) is var i && i < most)
            {
                var (number, seed) = (i % originals.Count, firstSeed + i);
                var answer = await worker.TryAsync(number, seed, -1, stop);
                Interlocked.Increment(ref inputs);
                Interlocked.Add(ref rejected, answer == FuzzWorker.Rejected ? 1 : 0);
                Interlocked.Add(ref diffed, answer == FuzzWorker.Diffed ? 1 : 0);
                if (answer is not (FuzzWorker.Rejected or FuzzWorker.Diffed) && findings.TryAdd(Key(answer), new FuzzFinding(number, seed, -1, answer, 0)))
                {
                    var mask = await MinimiseAsync(worker, number, seed, new ObjectMutator(originals[number], seed).Edits, Key(answer), stop);
                    var mutant = new ObjectMutator(originals[number], seed).Make(mask);
                    await File.WriteAllBytesAsync(Path.Combine(directory, $"finding-{number}-{seed}-{mask}.o"), mutant, stop);
                    findings[Key(answer)] = new FuzzFinding(number, seed, mask, answer, mutant.Length);
                    progress.Note($"object {number} seed {seed} mask {mask}: {answer}");
                }
                progress.Report(new ProgressReport($"damaging, {findings.Count} findings", inputs));
            }
        });
        return new FuzzReport(inputs, rejected, diffed, firstSeed, (long)clock.Elapsed.TotalSeconds, [.. findings.Values.OrderBy(f => f.Seed)]);
    }

    /// <summary>The fewest of the seed's edits that still give the same fault.</summary>
    private static async Task<int> MinimiseAsync(WorkerProcess worker, int number, int seed, int edits, string key, CancellationToken cancellation)
    {
        var mask = (1 << edits) - 1;
        for (var i = 0; i < edits; i++)
        {
            var less = mask & ~(1 << i);
            if (less != 0 && Key(await worker.TryAsync(number, seed, less, cancellation)) == key)
            {
                mask = less;
            }
        }
        return mask;
    }

    /// <summary>What makes two faults the same: kind of exception and where it came from, without the numbers of its message.</summary>
    private static string Key(string answer)
    {
        var colon = answer.IndexOf(':', StringComparison.Ordinal);
        var frame = Frame().Match(answer);
        return $"{answer[..Math.Max(0, colon)]} {(frame.Success ? frame.Value : answer[(colon + 1)..])}";
    }

    [GeneratedRegex(@"at Suture\.[^(]+")]
    private static partial Regex Frame();
}

/// <summary>An input that did what none may.</summary>
/// <param name="Object">Number of the damaged object, by name in the objects directory.</param>
/// <param name="Seed">Seed of the damage.</param>
/// <param name="Mask">Which of the seed's edits are needed.</param>
/// <param name="Fault">What happened.</param>
/// <param name="Bytes">Size of the damaged file.</param>
internal sealed record FuzzFinding(int Object, int Seed, int Mask, string Fault, int Bytes)
{
    /// <summary>In place of an object's number: a pair of <see cref="HostileObjects"/>, whose number is the seed.</summary>
    public const int Hostile = -1;
}

/// <summary>Outcome of the campaign.</summary>
/// <param name="Inputs">Damaged objects tried.</param>
/// <param name="Rejected">Of these, rejected by the reader.</param>
/// <param name="Diffed">Of these, read and diffed.</param>
/// <param name="FirstSeed">Seed of the first.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Findings">The others, one of a kind.</param>
internal sealed record FuzzReport(int Inputs, int Rejected, int Diffed, int FirstSeed, long Seconds, IReadOnlyList<FuzzFinding> Findings)
{
    public void PrintMarkdown(TextWriter output)
    {
        MarkdownTable.Write(output, ["Inputs", "Rejected by the reader", "Read and diffed", "Seconds", "First seed", "Findings"],
            [[$"{Inputs}", $"{Rejected}", $"{Diffed}", $"{Seconds}", $"{FirstSeed}", $"{Findings.Count}"]]);
        if (Findings.Count > 0)
        {
            MarkdownTable.Write(output, ["Object", "Seed", "Mask", "Bytes", "Fault"],
                Findings.Select(f => (IReadOnlyList<string>)[$"{f.Object}", $"{f.Seed}", $"{f.Mask}", $"{f.Bytes}", f.Fault]));
        }
    }
}

[JsonSerializable(typeof(FuzzReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class FuzzJson : JsonSerializerContext;
