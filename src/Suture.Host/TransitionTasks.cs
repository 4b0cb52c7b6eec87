namespace Suture.Host;

/// <summary>A task that a transition waits for.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="Tid">Thread id.</param>
/// <param name="Command">The thread's name (comm).</param>
/// <param name="State">State letter and word, as "S (sleeping)".</param>
/// <param name="Stack">Its kernel stack, innermost function first; empty when the kernel does not show it.</param>
public sealed record BlockingTask(int Pid, int Tid, string Command, string State, IReadOnlyList<string> Stack)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Command} (pid {Pid}{(Tid == Pid ? "" : $", thread {Tid}")}) {State}"
        + (Stack.Count == 0 ? "" : $" in {string.Join(" < ", Stack.Take(6))}");
}

/// <summary>Finds the tasks that hold up a transition, through /proc/PID/task/TID/patch_state.</summary>
public sealed class TransitionTasks(KernelPaths paths)
{
    private const int MaxStackFrames = 64;

    /// <summary>
    /// Tasks that are not yet in the state the transition leads to, at most <paramref name="limit"/>.
    /// <paramref name="patching"/> says whether the transition is towards the patched state.
    /// </summary>
    public IReadOnlyList<BlockingTask> Blocking(bool patching, int limit = 20)
    {
        // patch_state: -1 no transition, 0 unpatched, 1 patched.
        var behind = patching ? "0" : "1";
        var found = new List<BlockingTask>();
        foreach (var process in Numbered(paths.Proc))
        {
            foreach (var thread in Numbered(Path.Combine(process.Path, "task")))
            {
                if (found.Count == limit)
                {
                    return found;
                }
                if (Read(thread.Path, "patch_state").Trim() == behind)
                {
                    found.Add(Describe(process.Number, thread.Number, thread.Path));
                }
            }
        }
        return found;
    }

    /// <summary>How many tasks are not yet in the state the transition leads to.</summary>
    public int Count(bool patching)
    {
        var behind = patching ? "0" : "1";
        return Numbered(paths.Proc).Sum(process => Numbered(Path.Combine(process.Path, "task")).Count(thread => Read(thread.Path, "patch_state").Trim() == behind));
    }

    private static BlockingTask Describe(int pid, int tid, string directory)
    {
        var state = Read(directory, "status").Split('\n').FirstOrDefault(l => l.StartsWith("State:", StringComparison.Ordinal));
        var stack = Read(directory, "stack").Split('\n', MaxStackFrames, StringSplitOptions.RemoveEmptyEntries)
            .Select(FunctionOf).Where(f => f.Length > 0).ToList();
        return new BlockingTask(pid, tid, Read(directory, "comm").Trim(), state?["State:".Length..].Trim() ?? "?", stack);
    }

    /// <summary>"[&lt;0&gt;] do_sys_poll+0x4f1/0x5c0" to "do_sys_poll".</summary>
    private static string FunctionOf(string line)
    {
        var name = line.AsSpan(line.IndexOf(']') + 1).Trim();
        var plus = name.IndexOf('+');
        return (plus < 0 ? name : name[..plus]).ToString();
    }

    private static IEnumerable<(int Number, string Path)> Numbered(string directory)
    {
        string[] entries;
        try
        {
            entries = Directory.GetDirectories(directory);
        }
        catch (IOException)
        {
            yield break; // the process ended meanwhile
        }
        foreach (var entry in entries)
        {
            if (int.TryParse(Path.GetFileName(entry.AsSpan()), out var number))
            {
                yield return (number, entry);
            }
        }
    }

    private static string Read(string directory, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // ended meanwhile, or the file is not for us or not in this kernel
        }
    }
}
