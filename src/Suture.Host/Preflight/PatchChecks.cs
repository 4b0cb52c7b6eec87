using Suture.Host.Memory;
using Suture.Host.State;
using Suture.Module;

namespace Suture.Host.Preflight;

/// <summary>Everything that must hold before a patch is loaded, in the order in which it is cheapest to find out. The first that does not refuses it.</summary>
internal sealed class PatchChecks(SutureHost host, HostState state, bool again)
{
    private readonly List<string> _notes = [];

    /// <summary>What could not be checked, and whatever else should be known.</summary>
    public IReadOnlyList<string> Notes => _notes;

    public Refusal? Run(OpenedModule module) =>
        Kernel(module.Note) ?? Decided(module.Note) ?? Signature(module) ?? Name(module.Note)
        ?? Owners(module.Note)
        ?? Code(module.Note);

    private Refusal? Kernel(LivepatchNote note)
    {
        const string advice = "build it for this kernel: suture build PATCH --kernel running";
        return note.Kernel.Release != host.Running.Release
            ? new Refusal(RefusalKind.KernelMismatch, $"{note.Name} is for kernel {note.Kernel.Release}, this host runs {host.Running.Release}", advice)
            : note.Kernel.BuildId != host.Running.BuildId
                ? new Refusal(RefusalKind.KernelMismatch, $"{note.Name} is for another build of {note.Kernel.Release}: build-id {note.Kernel.BuildId}, this host runs {host.Running.BuildId}", advice)
                : null;
    }

    private Refusal? Decided(LivepatchNote note)
    {
        var installed = state.For(note.Kernel.Release).ToList();
        var known = installed.Find(p => p.Name == note.Name);
        if (known is not null && known.Marks.HasFlag(PatchMarks.Excluded))
        {
            return Host($"{note.Name} is excluded on this host", $"to allow it again: suture exclude {note.Name} --undo");
        }
        if (known?.Quarantine is { } quarantine && !again)
        {
            return Host($"{note.Name} is in quarantine since {quarantine.Since:yyyy-MM-dd HH:mm} UTC: {quarantine.Reason}", $"when the cause is known and gone: suture apply {note.Name} --again");
        }
        return note.Replace && installed.Find(p => p.Name != note.Name && p.Marks.HasFlag(PatchMarks.Pinned) && host.Sysfs.Enabled(p.Module) == true) is { } pinned
            ? Host($"{note.Name} would replace {pinned.Name}, which is pinned", $"to let it go: suture pin {pinned.Name} --undo")
            : null;
    }

    private Refusal? Signature(OpenedModule module) => !module.Content.IsSigned && host.Fitness.SignaturesDemanded() is { } who
        ? new Refusal(RefusalKind.Verification, $"{module.Note.Name} is not signed, and this kernel loads only signed modules ({who})", "sign it with a key that this kernel knows: one enrolled with mokutil, or of the kernel build")
        : null;

    private Refusal? Name(LivepatchNote note) => !host.Modules.Contains(note.Module) ? null
        : state.For(note.Kernel.Release).Any(p => p.Module == note.Module && (p.Wish == PatchWish.Reverted || p.Quarantine is not null) && host.IsApplied(p))
        ? Host($"{note.Name} was to be taken back, and is applied still", $"take it off first: suture revert {note.Name}")
        : Host($"a module {note.Module} is loaded already, and it is not this one", "take it off first (suture revert), or build this one under another name: suture build --name");

    private Refusal? Owners(LivepatchNote note)
    {
        var owners = new FunctionOwners(host.Kernel);
        var refusal = owners.Refusal(note, IsOurs);
        if (owners.Note is { } unknown)
        {
            _notes.Add(unknown);
        }
        return refusal;
    }

    /// <summary>Ksplice's run-pre matching, once more on this very host: what would be replaced must be what is there.</summary>
    private Refusal? Code(LivepatchNote note)
    {
        var functions = new RunningCode(host.Kernel).Check(note);
        if (functions.FirstOrDefault(f => f.State == CodeState.Different) is { } other)
        {
            return new Refusal(RefusalKind.KernelMismatch, $"{other.Function}: the code in memory is not what the patch was built against",
                $"find out who changed it: suture status, lsmod, cat {host.Kernel.Sys}/kernel/debug/kprobes/list");
        }
        foreach (var group in functions.Where(f => f.State is CodeState.Unreadable or CodeState.NoDigest).GroupBy(f => f.State == CodeState.NoDigest ? "the patch does not say what must be there" : f.Detail))
        {
            _notes.Add($"not compared with the code in memory: {string.Join(", ", group.Select(f => f.Function))} ({group.Key})");
        }
        return null;
    }

    private bool IsOurs(string module) => state.For(host.Running.Release).Any(p => p.Module == module);

    private static Refusal Host(string message, string advice) => new(RefusalKind.Host, message, advice);
}
