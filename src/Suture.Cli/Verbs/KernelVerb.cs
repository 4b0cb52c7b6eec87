using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Spectre.Console;
using Suture.Kernel;

namespace Suture.Cli.Verbs;

/// <summary>suture kernel get RELEASE [--json], suture kernel list [--json]</summary>
internal static class KernelVerb
{
    public static Command Create() => new("kernel", "get the kernels that livepatches are built for")
    {
        CreateGet(),
        CreateList(),
        KernelCommandVerb.Create(),
    };

    private static Option<bool> Json => new("--json") { Description = "print one JSON document on stdout" };

    private static Command CreateGet()
    {
        var release = new Argument<string>("RELEASE") { Description = "as uname -r says, \"running\", or a directory" };
        var json = Json;
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

    private static Command CreateList()
    {
        var json = Json;
        var command = new Command("list", "show the kernels that are cached and those that the archive offers now") { json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var cache = KernelCache.Default;
            IReadOnlyList<ArchiveKernel>? archive = null;
            using (var progress = Terminal.Progress())
            {
                try
                {
                    archive = await KernelArchive.ListAsync(cache.Layout, progress, cancellation);
                }
                catch (KernelException e) when (e.Fault is KernelFault.Network or KernelFault.Tool)
                {
                    // What is cached is worth showing on a machine without a network.
                    Terminal.Note($"suture: warning: {e.Message}");
                }
            }
            var rows = Merge(cache.Cached, archive);
            if (parsed.GetValue(json))
            {
                Terminal.Json(new(archive is not null, rows), KernelVerbJson.Default.KernelListReport);
            }
            else
            {
                Print(rows, archive is not null);
            }
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static List<KernelListEntry> Merge(IReadOnlyList<KernelBuild> cached, IReadOnlyList<ArchiveKernel>? archive)
    {
        var entries = (archive ?? []).ToDictionary(a => a.Release, a => new KernelListEntry(a.Release, a.Version, false, 0, a.Complete));
        foreach (var kernel in cached)
        {
            var inArchive = entries.GetValueOrDefault(kernel.Release);
            entries[kernel.Release] = new(kernel.Release, kernel.PackageVersion ?? "", true, kernel.SizeBytes,
                inArchive is { Archive: true } && inArchive.Version == kernel.PackageVersion);
        }
        return [.. entries.Values.OrderBy(e => e.Release, ReleaseOrder.Instance)];
    }

    private static void Print(List<KernelListEntry> rows, bool archiveKnown)
    {
        var table = new Table().Border(TableBorder.None).AddColumns("RELEASE", "VERSION", "CACHED", "ARCHIVE");
        foreach (var row in rows)
        {
            table.AddRow(new Text(row.Release), new Text(row.Version), new Text(row.Cached ? $"{row.SizeBytes >> 20} MiB" : "-"),
                new Text(!archiveKnown ? "?" : row.Archive ? "yes" : "no"));
        }
        Terminal.Out.Write(table);
    }
}

internal sealed record KernelGetReport(string Release, string? Version, string BuildId, string Directory, long SizeBytes, long TotalMs);

/// <param name="ArchiveReached">False when only the cache is known.</param>
/// <param name="Kernels">Oldest release first.</param>
internal sealed record KernelListReport(bool ArchiveReached, IReadOnlyList<KernelListEntry> Kernels);

/// <param name="Release">As uname -r says.</param>
/// <param name="Version">Version of the source package.</param>
/// <param name="Cached">Prepared in the cache.</param>
/// <param name="SizeBytes">What it takes there.</param>
/// <param name="Archive">This very version can be fetched, with its source.</param>
internal sealed record KernelListEntry(string Release, string Version, bool Cached, long SizeBytes, bool Archive);

[JsonSerializable(typeof(KernelGetReport))]
[JsonSerializable(typeof(KernelListReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class KernelVerbJson : JsonSerializerContext;
