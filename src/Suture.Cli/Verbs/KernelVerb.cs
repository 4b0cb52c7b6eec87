using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Suture.Kernel;

namespace Suture.Cli.Verbs;

/// <summary>suture kernel get RELEASE [--json]</summary>
internal static class KernelVerb
{
    public static Command Create() => new("kernel", "get the kernels that livepatches are built for")
    {
        CreateGet(),
    };

    private static Command CreateGet()
    {
        var release = new Argument<string>("RELEASE") { Description = "as uname -r says, or \"running\"" };
        var json = new Option<bool>("--json") { Description = "print one JSON document on stdout" };
        var command = new Command("get", "fetch a kernel from the archive and prepare it for builds") { release, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var clock = Stopwatch.StartNew();
            KernelBuild kernel;
            using (var progress = Terminal.Progress())
            {
                kernel = await KernelArgument.ResolveAsync(parsed.GetRequiredValue(release), progress, cancellation);
            }
            if (parsed.GetValue(json))
            {
                Terminal.Json(new(kernel.Release, kernel.PackageVersion, kernel.BuildId, kernel.Directory, kernel.SizeBytes, clock.ElapsedMilliseconds),
                    KernelVerbJson.Default.KernelGetReport);
            }
            else
            {
                Console.Out.WriteLine($"{kernel.Release} is ready in {kernel.Directory} ({kernel.SizeBytes >> 20} MiB)");
            }
            return (int)ExitCode.Done;
        });
        return command;
    }
}

internal sealed record KernelGetReport(string Release, string? Version, string BuildId, string Directory, long SizeBytes, long TotalMs);

[JsonSerializable(typeof(KernelGetReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class KernelVerbJson : JsonSerializerContext;
