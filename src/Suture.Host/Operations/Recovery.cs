using System.Security.Cryptography;
using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>
/// Brings the state in line with the kernel after an operation was killed or the machine went down, before anything else is changed. The
/// kernel's word counts: what it runs is applied, what it does not is not. Needs the lock.
/// </summary>
public sealed class Recovery(SutureHost host, IProgress<HostProgress>? progress = null)
{
    private const int RecentLines = 1000;

    /// <summary>Shorter than other commands wait for the lock: the agent waits anew at every look.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    /// <summary>A patch on which the machine is shut down time and again before it was watched long enough may be why.</summary>
    private const int MostUnwatchedBoots = 3;

    private readonly List<string> _notes = [];

    /// <summary>What was found and done, one sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Gives the state that is true now; it is saved when it differs.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public HostState Run()
    {
        var loaded = host.State.Load();
        _notes.AddRange(loaded.Warnings);
        var state = loaded.State;
        foreach (var patch in state.For(host.Running.Release).ToList())
        {
            state = Settle(state, patch);
        }
        RemoveUnfinishedFiles();
        FinishInstallations(state);
        if (!state.ToJson().AsSpan().SequenceEqual(loaded.State.ToJson()) || loaded.Warnings.Count > 0)
        {
            host.State.Save(state);
        }
        CloseInterruptedOperations(state);
        return state;
    }

    private HostState Settle(HostState state, InstalledPatch patch)
    {
        if (patch.Probation is { } probation)
        {
            if (host.IsAttended(probation))
            {
                return state;
            }
            var unwatched = (patch.UnwatchedBoots ?? 0) + 1;
            if (probation.BootId != host.Running.BootId && probation.EndedInOrder == true && unwatched < MostUnwatchedBoots)
            {
                patch = patch with { Probation = null, UnwatchedBoots = unwatched };
                state = state.With(patch);
            }
            else if (probation.BootId != host.Running.BootId)
            {
                var reason = probation.EndedInOrder == true ? $"the machine was shut down {unwatched} times in a row before it had been watched long enough"
                    : $"the machine went down {(probation.AtBoot ? "after it was applied at boot" : "while it was being applied")} at {probation.Since:yyyy-MM-dd HH:mm:ss} UTC";
                _notes.Add($"{patch.Name} is put into quarantine: {reason}");
                Record.Note(host, probation.AtBoot ? "boot" : "apply", patch.Name, patch.Version, "quarantined", reason);
                return state.WithQuarantined(patch, reason);
            }
        }
        FinishTransition(patch);
        if (host.IsApplied(patch))
        {
            // A revert that was killed before it began is not taken for a wish to keep the patch.
            return patch.Probation is null && patch.Wish != PatchWish.Installed ? state : Adopt(state, patch);
        }
        if (!host.Sysfs.Exists(patch.Module) && host.Modules.Contains(patch.Module))
        {
            host.Loader(host.Settings.TransitionTimeout).Unload(patch.Module);
        }
        // What is to be applied again, as after a reboot, keeps since when it is.
        var since = patch.Wish == PatchWish.Applied ? patch.AppliedSince : null;
        return patch.Probation is null && patch.AppliedSince == since ? state : state.With(patch with { Probation = null, AppliedSince = since });
    }

    /// <summary>The kernel had finished what was begun.</summary>
    private HostState Adopt(HostState state, InstalledPatch patch)
    {
        _notes.Add($"{patch.Name} is applied: the kernel had finished what was interrupted");
        return AfterApplying(host, state, patch with { Probation = null });
    }

    /// <summary>
    /// The state once the kernel has applied <paramref name="patch"/>: it is the last one, unless it was wanted already, as after a reboot: then it keeps its
    /// place. Those before it that it took off are replaced; those after it are yet to be applied on top of it.
    /// </summary>
    internal static HostState AfterApplying(SutureHost host, HostState state, InstalledPatch patch)
    {
        var applied = patch with { Wish = PatchWish.Applied, ReplacedBy = null, AppliedSince = patch.AppliedSince ?? DateTimeOffset.UtcNow };
        state = patch.Wish == PatchWish.Applied ? state.With(applied) : state.WithLast(applied);
        if (!patch.Replace)
        {
            return state;
        }
        foreach (var other in state.For(patch.Release).TakeWhile(p => p.Name != patch.Name).Where(p => p.Wish == PatchWish.Applied && host.Sysfs.Enabled(p.Module) != true).ToList())
        {
            state = state.With(other with { Wish = PatchWish.Replaced, ReplacedBy = patch.Name, AppliedSince = null, Probation = null });
        }
        return state;
    }

    /// <summary>
    /// A transition whose operation was killed goes on in the kernel. One towards the patch that does not come to its end is turned round; one away from it is
    /// not: whoever began it wanted the patch off, or found that it does not complete.
    /// </summary>
    private void FinishTransition(InstalledPatch patch)
    {
        if (host.Sysfs.InTransition(patch.Module) != true)
        {
            return;
        }
        _notes.Add($"{patch.Name} was left in transition");
        _notes.Add(host.Sysfs.Enabled(patch.Module) == true
            ? host.Loader(host.Settings.TransitionTimeout).Complete(patch.Module, left => progress?.Report(new HostProgress("transition", left, "tasks"))).Detail
            : host.Loader(LongestWait < host.Settings.TransitionTimeout ? LongestWait : host.Settings.TransitionTimeout).AwaitDisabled(patch.Module).Detail);
    }

    private void RemoveUnfinishedFiles()
    {
        foreach (var directory in new[] { host.Paths.State, host.Paths.Patches(host.Running.Release) }.Where(Directory.Exists))
        {
            foreach (var file in Directory.GetFiles(directory, "*" + DurableFile.Unfinished))
            {
                File.Delete(file);
            }
        }
    }

    /// <summary>A file in the store that was written and not given its name: it gets it when the state means it already.</summary>
    private void FinishInstallations(HostState state)
    {
        var directory = host.Paths.Patches(host.Running.Release);
        foreach (var file in Directory.Exists(directory) ? Directory.GetFiles(directory, "*" + HostPaths.Next) : [])
        {
            var path = file[..^HostPaths.Next.Length];
            if (state.For(host.Running.Release).Any(p => host.Paths.Patch(p.Release, p.Name) == path && p.Sha256 == Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))))
            {
                DurableFile.Rename(file, path);
            }
            else
            {
                File.Delete(file);
            }
        }
    }

    private void CloseInterruptedOperations(HostState state)
    {
        foreach (var line in host.History.Operations().TakeLast(RecentLines).Where(l => l.Outcome == History.Begun))
        {
            if (line.Process is { } process && process != host.ThisProcess && host.IsAlive(process))
            {
                continue;
            }
            var patch = state.Patches.FirstOrDefault(p => p.Name == line.Patch && p.Release == line.Release);
            if (patch?.Probation is { } probation && host.IsAttended(probation))
            {
                continue;
            }
            var now = patch is null ? "it is not installed" : host.IsApplied(patch) ? "the patch is applied" : "the patch is not applied";
            host.History.Append(line with { At = DateTimeOffset.UtcNow, Process = null, Outcome = "interrupted", Detail = $"it was killed or the machine went down; {now}" });
        }
    }
}
