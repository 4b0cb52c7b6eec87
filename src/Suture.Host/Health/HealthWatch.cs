using System.Diagnostics;
using Suture.Host.Interfaces;

namespace Suture.Host.Health;

/// <summary>
/// Watches a host from just before a livepatch is applied: the kernel log, the taint bits that came since, and the administrator's
/// checks. What was wrong before is not held against the patch.
/// </summary>
public sealed class HealthWatch : IDisposable
{
    /// <summary>KERN_WARNING, which WARN() prints with.</summary>
    private const int MildestHarm = 4;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(10);

    private readonly RunningKernel _kernel;
    private readonly HealthChecks _checks;
    private readonly KernelLogReader _log;
    private ulong _taint;
    private HashSet<string> _failedBefore = [];

    /// <summary>Begins to watch.</summary>
    public HealthWatch(KernelPaths paths, HealthChecks checks)
    {
        _kernel = new RunningKernel(paths);
        _checks = checks;
        _log = new KernelLogReader(paths);
        _taint = _kernel.Taint;
    }

    /// <summary>Runs the checks once before anything is done; gives those that fail already.</summary>
    public async Task<IReadOnlyList<CheckResult>> BaselineAsync(string patch, CancellationToken cancel)
    {
        var failed = (await _checks.RunAsync("before", patch, cancel)).Where(c => !c.Ok).ToList();
        _failedBefore = [.. failed.Select(c => c.Name)];
        return failed;
    }

    /// <summary>What has spoken of harm since the watch began, which is forgotten: what the kernel says before a patch is loaded is not the patch's doing.</summary>
    public string? HarmBefore()
    {
        var harm = KernelHarmNow();
        _taint = _kernel.Taint;
        return harm;
    }

    /// <summary>What speaks of harm at this moment; null when nothing does.</summary>
    public string? KernelHarmNow()
    {
        // What programs write there, and what the kernel says of them for information, is theirs to word: anybody could have a patch taken back.
        foreach (var record in _log.Read().Where(r => r is { IsKernels: true, Level: <= MildestHarm }))
        {
            if (KernelHarm.KindOf(record.Text) is { } kind && KernelHarm.IsAlarming(kind))
            {
                return $"kernel log, {kind}: {record.Text}";
            }
        }
        var fresh = _kernel.Taint & ~_taint & RunningKernel.HarmfulTaint;
        return fresh == 0 ? null : $"the kernel is tainted with {fresh} since (Documentation/admin-guide/tainted-kernels.rst)";
    }

    /// <summary>
    /// Watches for <paramref name="period"/>; gives the first sign of harm, or null. Checks run at once and every ten seconds; at boot
    /// (<paramref name="stage"/> "boot") only their last run counts, since services may still be starting.
    /// </summary>
    public async Task<string?> WatchAsync(TimeSpan period, string stage, string patch, Action<TimeSpan>? progress, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var last = clock.Elapsed + CheckInterval >= period;
            var counts = last || stage != "boot";
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var checks = counts ? _checks.RunAsync(stage, patch, stop.Token) : Task.FromResult<IReadOnlyList<CheckResult>>([]);
            var until = last ? period : clock.Elapsed + CheckInterval;
            while (clock.Elapsed < until || !checks.IsCompleted)
            {
                if (KernelHarmNow() is { } harm)
                {
                    await stop.CancelAsync();
                    return harm;
                }
                if (checks.IsCompleted && Failed(await checks) is { } failed)
                {
                    return failed;
                }
                progress?.Invoke(clock.Elapsed);
                await Task.Delay(Look, cancel);
            }
            if (Failed(await checks) is { } failedLast)
            {
                return failedLast;
            }
            if (last)
            {
                return KernelHarmNow();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _log.Dispose();

    private string? Failed(IReadOnlyList<CheckResult> results) => results.FirstOrDefault(c => !c.Ok && !_failedBefore.Contains(c.Name))?.ToString();
}
