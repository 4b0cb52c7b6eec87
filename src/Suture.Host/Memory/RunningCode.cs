using Suture.Module;

namespace Suture.Host.Memory;

/// <summary>How the code of a function in memory compares with what a livepatch was built against.</summary>
public enum CodeState
{
    /// <summary>Byte for byte the same, but for what a running kernel changes in its own code.</summary>
    Identical,
    /// <summary>Not the same: somebody changed it, or the livepatch was built against another kernel.</summary>
    Different,
    /// <summary>The module that the function is in is not loaded.</summary>
    NotLoaded,
    /// <summary>It cannot be read, or not be found.</summary>
    Unreadable,
    /// <summary>The livepatch does not say what must be there.</summary>
    NoDigest,
}

/// <summary>What was found of one function.</summary>
/// <param name="Function">The function, as the note has it.</param>
/// <param name="State">How it compares.</param>
/// <param name="Detail">Why it cannot be told; empty when it can.</param>
public sealed record FunctionCode(NoteFunction Function, CodeState State, string Detail = "");

/// <summary>
/// Compares the functions that a livepatch replaces, as they are in memory now, with what it was built against (run-pre matching at the time
/// of applying). A livepatch or tracer on a function is no difference; a probe in the middle of it is.
/// </summary>
public sealed class RunningCode(KernelPaths paths)
{
    /// <summary>Compares each function of <paramref name="note"/>, in its order.</summary>
    public IReadOnlyList<FunctionCode> Check(LivepatchNote note)
    {
        ArgumentNullException.ThrowIfNull(note);
        var modules = new LoadedModules(paths);
        var loaded = note.Functions.Select(f => f.Object).Distinct().Where(o => o == "vmlinux" || modules.Contains(o)).ToHashSet(StringComparer.Ordinal);
        var names = note.Functions.Where(f => f.Digest is not null && loaded.Contains(f.Object)).Select(f => f.Name);
        var symbols = RunningSymbols.Read(paths, names, out var fault);
        using var memory = symbols is null ? null : CoreMemory.Open(paths, out fault);
        return [.. note.Functions.Select(f => f.Digest is null ? new FunctionCode(f, CodeState.NoDigest)
            : !loaded.Contains(f.Object) ? new FunctionCode(f, CodeState.NotLoaded)
            : symbols is null || memory is null ? new FunctionCode(f, CodeState.Unreadable, fault)
            : Compare(f, symbols.Find(f.Object, f.Name), memory))];
    }

    private FunctionCode Compare(NoteFunction function, IReadOnlyList<ulong> places, CoreMemory memory)
    {
        var index = Math.Max(0, function.Sympos - 1);
        if (index >= places.Count || (function.Sympos == 0 && places.Count > 1))
        {
            return new FunctionCode(function, CodeState.Unreadable, $"{paths.Symbols} has {places.Count} of that name in {function.Object}");
        }
        return memory.Read(places[index], function.Size) is not { } code
            ? new FunctionCode(function, CodeState.Unreadable, $"{paths.Core} does not give the {function.Size} bytes at {places[index]:x}")
            : new FunctionCode(function, CodeMask.Digest(code, function.Mask) == function.Digest ? CodeState.Identical : CodeState.Different);
    }
}
