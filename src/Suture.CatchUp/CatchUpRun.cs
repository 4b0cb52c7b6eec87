using System.Diagnostics;
using Suture.Build;
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
        bool IsWanted(Change change) => request.Only.Count == 0 || change.Files.Any(f => request.Only.Any(o => f.StartsWith(o, StringComparison.Ordinal)));
        var changes = new OrderedDictionary<string, Change>(StringComparer.Ordinal);
        foreach (var change in difference.Changes)
        {
            changes[change.Id] = change;
        }
        var builds = new ChangeBuilds(kernel, changes);

        var units = await new UnitJudge(difference, builds, changes, IsWanted, request.Accepted, progress).RunAsync(cancellation);
        var log = LogAttribution.Run(units, difference.Log);
        units = log.Units;
        var merged = await new Merge(kernel, builds, carried => Request(request, carried, units), progress).RunAsync(units, cancellation);

        var totals = CatchUpReport.Count(merged.Units);
        IReadOnlyList<string> Cves(bool carried) => [.. merged.Units.Where(u => u.State == UnitState.Carried == carried).SelectMany(u => u.Cves).Distinct().Order(StringComparer.Ordinal)];
        var effective = $"{kernel.PackageVersion ?? kernel.Release} + {totals.Carried} of {totals.Concerning} fixes of {difference.To}";
        return new CatchUpResult(merged.Result?.Module, "suture_" + request.Name, new CatchUpReport(
            new CatchUpReport.KernelPart(kernel.Release, kernel.BuildId, kernel.PackageVersion), difference.To, null, effective, totals, difference.OtherFiles,
            [.. merged.Units.Select(CatchUpReport.From)], new CatchUpReport.CvePart(Cves(true), Cves(false), log.Unattributed), clock.ElapsedMilliseconds));
    }

    /// <summary>The livepatch of what is carried: what <c>suture uname</c>, <c>status</c> and <c>list</c> say of it.</summary>
    private static BuildRequest Request(CatchUpRequest request, IReadOnlyList<UnitVerdict> carried, IReadOnlyList<UnitVerdict> all)
    {
        var concerning = all.Count(u => u.ConcernsBuiltCode);
        var title = $"{carried.Count} of {concerning} fixes of {request.Difference.To}";
        return new BuildRequest
        {
            Kernel = request.Kernel,
            Name = request.Name,
            Version = request.Version,
            Title = NoteRules.IsPrintable(title, NoteRules.MaxTitle) ? title : null,
            Cves = [.. carried.SelectMany(u => u.Cves).Distinct().Order(StringComparer.Ordinal).Take(NoteRules.MaxCves)],
            Effective = new NoteEffective(request.Difference.To, carried.Count, concerning),
            Patches = [],
        };
    }
}
