using System.Diagnostics;
using Suture.Build;
using Suture.Build.Compile;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.CatchUp.Merging;
using Suture.CatchUp.Reporting;
using Suture.Kernel;
using Suture.Module;

namespace Suture.CatchUp;

/// <summary>What came of a run.</summary>
/// <param name="Module">Bytes of the livepatch; null when nothing could be carried.</param>
/// <param name="ModuleName">Its name, without .ko.</param>
/// <param name="Report">What there is to say; the module's path is filled in by who writes it.</param>
public sealed record CatchUpResult(byte[]? Module, string ModuleName, CatchUpReport Report);

/// <summary>
/// A whole security update as one livepatch. Reads top-down as the phases: what concerns this kernel at all, judge each unit with the
/// engine, join what is carried, attribute CVEs, report.
/// </summary>
public static class CatchUpRun
{
    /// <summary>Runs it.</summary>
    public static async Task<CatchUpResult> RunAsync(CatchUpRequest request, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        var clock = Stopwatch.StartNew();
        var (kernel, difference) = (request.Kernel, request.Difference);
        // Else each of hundreds of builds would be refused for it.
        await CompilerCheck.RunAsync(kernel, cancellation);
        bool IsWanted(Change change) => request.Only.Count == 0 || change.Files.Any(f => request.Only.Any(o => f.StartsWith(o, StringComparison.Ordinal)));
        var changes = new OrderedDictionary<string, Change>(StringComparer.Ordinal);
        foreach (var change in difference.Changes.Concat(difference.WholeFiles).Concat(difference.Gone))
        {
            changes[change.Id] = change;
        }
        using var builds = new ChangeBuilds(kernel, changes);

        var data = DataLinks.Among(difference, cancellation);
        var units = await new UnitJudge(difference, builds, changes, data, IsWanted, request.Accepted, progress).RunAsync(cancellation);
        var log = LogAttribution.Run(units, changes, difference.Log);
        units = log.Units;
        var claims = Claims.Of(difference, units, changes, log.Unattributed);
        var merged = await new Merge(changes, data, request.Accepted, carried =>
        {
            progress?.Report(new ProgressReport($"building one livepatch of {carried.Count} units"));
            return LivepatchBuilder.RunAsync(Request(request, carried, units, claims) with { Patches = builds.Patches(carried.SelectMany(u => u.Changes)) }, progress, cancellation);
        }).RunAsync(units);

        var totals = CatchUpReport.Count(merged.Units);
        var carried = merged.Units.Where(u => u.State == UnitState.Carried).ToList();
        var effective = $"{kernel.PackageVersion ?? kernel.Release} + {totals.Carried} of {totals.Concerning} fixes of {request.Scope}";
        var cves = claims.CvesOf(carried, merged.Units);
        var named = cves.Unsure.Concat(log.Unattributed).Concat(units.SelectMany(u => changes[u.Id].OtherCves)).Except(cves.Fixed).Except(cves.NotFixed).Except(cves.NotOfKernel).Except(cves.AlreadyThere);
        return new CatchUpResult(merged.Result?.Module, "suture_" + request.Name, new CatchUpReport(
            new CatchUpReport.KernelPart(kernel.Release, kernel.BuildId, kernel.PackageVersion), difference.To, null, effective, totals, difference.OtherFiles,
            [.. merged.Units.Select(CatchUpReport.From)], new CatchUpReport.CvePart(cves.Fixed, cves.NotFixed, [.. named.Distinct().Order(StringComparer.Ordinal)])
            {
                NotOfKernel = cves.NotOfKernel,
                AlreadyThere = cves.AlreadyThere,
                Unknown = difference.LogFault,
            }, clock.ElapsedMilliseconds)
        {
            Only = request.Only,
            UnusedAccepts = request.Accepted.Unused,
            Warnings =
            [
                .. difference.Warning is { } warning ? [warning] : (string[])[],
                .. request.Only.Where(o => !OnlyPaths.BeginsChange(o, difference)).Select(o => $"--only '{o}': no changed file begins so"),
            ],
        });
    }

    /// <summary>The livepatch of what is carried: what <c>suture uname</c>, <c>status</c> and <c>list</c> say of it.</summary>
    private static BuildRequest Request(CatchUpRequest request, IReadOnlyList<UnitVerdict> carried, IReadOnlyList<UnitVerdict> all, Claims claims)
    {
        var concerning = all.Count(u => u.ConcernsBuiltCode);
        var title = $"{carried.Count} of {concerning} fixes of {request.Scope}";
        return new BuildRequest
        {
            Kernel = request.Kernel,
            Name = request.Name,
            Version = request.Version,
            Title = NoteRules.IsPrintable(title, NoteRules.MaxTitle) ? title : null,
            Cves = [.. claims.CvesOf(carried, all).Fixed.Take(NoteRules.MaxCves)],
            Effective = new NoteEffective(request.Scope, carried.Count, concerning),
            Patches = [],
            Keep = KeptObjects.All,
        };
    }
}
