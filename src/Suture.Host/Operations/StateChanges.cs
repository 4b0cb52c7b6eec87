using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>What changes only what is remembered, and not the kernel: marks, and removal of what is not applied.</summary>
public sealed class StateChanges(SutureHost host)
{
    private static readonly TimeSpan LockBound = TimeSpan.FromSeconds(30);

    /// <summary>Sets or clears a mark of the patch <paramref name="given"/>.</summary>
    public HostOutcome Mark(string given, PatchMarks mark, bool set, CancellationToken cancel) => Change(given, mark.ToString().ToLowerInvariant(), cancel, ofOthers: false, change: (state, patch) =>
    {
        var marks = set ? patch.Marks | mark : patch.Marks & ~mark;
        var word = mark.ToString().ToLowerInvariant();
        return marks == patch.Marks
            ? (state, new HostOutcome { Result = HostResult.Nothing, Message = $"{patch.Name} is {(set ? "already" : "not")} {word}", Patch = patch.Name })
            : (state.With(patch with { Marks = marks }), new HostOutcome { Result = HostResult.Done, Message = $"{patch.Name} is {(set ? "" : "no longer ")}{word}", Patch = patch.Name });
    });

    /// <summary>Deletes an installed patch that is not applied.</summary>
    public HostOutcome Remove(string given, CancellationToken cancel) => Change(given, "remove", cancel, ofOthers: true, change: (state, patch) =>
    {
        if (patch.Release != host.Running.Release && patch.Wish == PatchWish.Applied && Directory.Exists(Path.Combine(host.Kernel.Installed, patch.Release)))
        {
            return (state, HostOutcome.Of(new Refusal(RefusalKind.Host, $"{patch.Name} is applied when kernel {patch.Release} boots, which is installed", "remove that kernel first, or revert the patch there"), patch.Name));
        }
        if (patch.Release == host.Running.Release && (host.Sysfs.Exists(patch.Module) || patch.Probation is not null))
        {
            return (state, HostOutcome.Of(new Refusal(RefusalKind.Host, $"{patch.Name} is applied", $"take it back first: suture revert {patch.Name}"), patch.Name));
        }
        // The file first: one without an entry would be found and listed again.
        File.Delete(host.Paths.Patch(patch.Release, patch.Name));
        return (state.Without(patch), new HostOutcome { Result = HostResult.Done, Message = $"{patch.Name} is removed{(patch.Release == host.Running.Release ? "" : $", which was for kernel {patch.Release}")}", Patch = patch.Name });
    });

    private HostOutcome Change(string given, string verb, CancellationToken cancel, bool ofOthers, Func<HostState, InstalledPatch, (HostState, HostOutcome)> change)
    {
        try
        {
            using var hold = HostLock.Take(host.Paths, LockBound, cancel);
            if (hold is null)
            {
                return HostOutcome.Of(ApplyOperation.Busy());
            }
            var state = new Recovery(host).Run();
            var named = state.Patches.Where(p => p.IsNamed(given)).ToList();
            // What is removed may be another kernel's, where the name leaves no doubt: it would stay for ever.
            if ((named.Find(p => p.Release == host.Running.Release) ?? (ofOthers && named.Count == 1 ? named[0] : null)) is not { } patch)
            {
                return HostOutcome.Of(new Refusal(RefusalKind.Host, named.Count == 0 ? $"no patch {given} is installed"
                    : $"patches {given} are installed for the kernels {string.Join(", ", named.Select(p => p.Release))}, none for {host.Running.Release}", "give a name that suture list shows"));
            }
            var (changed, outcome) = change(state, patch);
            if (outcome.Result == HostResult.Done)
            {
                host.State.Save(changed);
                Record.Note(host, verb, patch.Name, patch.Version, "done", outcome.Message);
            }
            return outcome;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new HostOutcome { Result = HostResult.Failed, Message = e.Message, Advice = $"is there room and permission below {host.Paths.State}?" };
        }
    }
}
