using Suture.Lab.Machine;
using Suture.Lab.Memory;
using Suture.Lab.Protocol;

namespace Suture.Lab;

/// <summary>
/// Tries many livepatches, as many to a boot as is sensible. A livepatch that fails ends its boot, for it may have left
/// anything behind: the others go on in a new one. Only one that fails as the first of a boot is judged to have failed;
/// otherwise an earlier one may be to blame, which its verdict then says.
/// </summary>
public static class LabBatch
{
    /// <summary>A campaign may share the machine with compilers, and nobody sits and waits for it.</summary>
    private const int Patience = 4;

    /// <summary>Per livepatch, on top of the boot. Each stage has its own, tighter bound.</summary>
    private static readonly TimeSpan PerPatch = TimeSpan.FromSeconds(60);

    /// <summary>Tries all of <paramref name="request"/>; <paramref name="watcher"/> is told of each verdict as it falls. In the order of the modules.</summary>
    /// <exception cref="LabInputException">A module is not fit for the kernel, or the kernel does not come up here.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the machine is gone.</exception>
    public static async Task<IReadOnlyList<LabBatchVerdict>> RunAsync(
        LabBatchRequest request, IProgress<LabBatchVerdict>? watcher = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var waiting = request.Modules.Select(m => (File: m, Facts: LabRunner.CheckModule(m, request.Kernel.Release))).ToList();
        var acceleration = await Acceleration.ChooseAsync(request.Accel, request.Kernel.VmlinuzPath, cancel);
        var verdicts = new Dictionary<string, LabBatchVerdict>(StringComparer.Ordinal);
        var failedBehind = new Dictionary<string, string>(StringComparer.Ordinal);
        while (waiting.Count > 0)
        {
            var batch = waiting.Take(request.MostPerBoot).ToList();
            waiting.RemoveRange(0, batch.Count);
            var code = PatchCode.OpenAll(batch.Select(b => b.File), request.Kernel, out var unknown);
            var trials = new TrialLog(null) { Code = number => number < batch.Count ? code.GetValueOrDefault(batch[number].File) : null };
            var console = await LabBoot.RunAsync(new BootRequest
            {
                Kernel = request.Kernel,
                Patches = batch,
                Code = code,
                // A driver may not load where its hardware is not.
                TargetsMustLoad = false,
                Patience = Patience,
                Timeout = (acceleration.BootBound + PerPatch * batch.Count) * Patience,
                TransitionBound = request.TransitionBound,
            }, acceleration, trials, cancel);
            waiting.InsertRange(0, Judge(batch, trials, new BatchConsole(console), unknown));
        }
        return [.. request.Modules.Select(m => verdicts[m])];

        // Gives verdicts, and back what is to be tried in another boot.
        List<(string File, ModuleFacts Facts)> Judge(List<(string File, ModuleFacts Facts)> batch, TrialLog trials, BatchConsole console, Dictionary<string, string> unknown)
        {
            var again = new List<(string, ModuleFacts)>();
            for (var i = 0; i < batch.Count; i++)
            {
                var stages = trials.StagesOf(i);
                var begun = i <= trials.Current;
                var fault = begun ? Fault(stages, console.Of(i), console.Unpatched, complete: trials.Complete || i < trials.Current) : null;
                if (!begun || (fault is not null && i > 0))
                {
                    if (fault is not null)
                    {
                        failedBehind[batch[i].File] = $"passes alone; behind {string.Join(", ", batch.Take(i).Select(b => b.Facts.Name))} it failed: {fault}";
                    }
                    again.Add(batch[i]);
                    continue;
                }
                var verdict = new LabBatchVerdict(batch[i].File, fault is null ? LabVerdict.Passed : LabVerdict.Failed, fault ?? failedBehind.GetValueOrDefault(batch[i].File) ?? Remarks(stages, unknown.GetValueOrDefault(batch[i].File)));
                verdicts[batch[i].File] = verdict;
                watcher?.Report(verdict);
            }
            // What failed comes first, to be judged without others before it.
            return [.. again.OrderBy(a => trials.StagesOf(batch.IndexOf(a)).Count == 0)];
        }
    }

    private static string? Fault(IReadOnlyList<LabStage> stages, string? log, string unpatched, bool complete)
    {
        if (log is null)
        {
            return "the kernel log has no mark of this trial, so that it cannot be judged";
        }
        var failed = stages.FirstOrDefault(s => !s.Ok);
        var findings = KernelLog.Findings(log, unpatched);
        var words = findings.Count > 0 ? $"kernel log ({findings[0].Kind}): {findings[0].Line}" : null;
        return failed is not null ? $"{failed.Name}: {failed.Detail}{(words is null ? "" : "; " + words)}"
            : words ?? (complete ? null : "the guest stopped without a word");
    }

    private static string Remarks(IReadOnlyList<LabStage> stages, string? notCompared) => string.Join("; ", new[]
    {
        stages.FirstOrDefault(s => s.Name == "load-targets" && s.Detail.Contains(GuestPlan.NotLoaded, StringComparison.Ordinal))?.Detail,
        notCompared is null ? null : $"memory not compared, because {notCompared}",
    }.OfType<string>());
}
