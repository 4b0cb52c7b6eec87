using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Phases;

/// <summary>
/// What changed but cannot itself be redirected hands its change on to its callers: a static function
/// without an ftrace entry (inline functions that were not inlined, notrace helpers) is copied into the
/// livepatch and everything that calls it is replaced.
/// </summary>
internal static class Escalate
{
    public static void Run(ObjectModel patched)
    {
        var work = new Queue<Element>(patched.Functions.Where(f => f.Change == Change.Changed && f.Parent is null));
        while (work.TryDequeue(out var function))
        {
            if (Guard.IsTraceable(function.Twin!) || function.IsGlobal || Guard.IsInit(function.Section)
                || Callers(patched, function) is not { Count: > 0 } callers)
            {
                continue;
            }
            function.Twin!.Twin = null;
            function.Twin = null;
            function.Change = Change.New;
            foreach (var caller in callers.Where(c => c.Change == Change.None))
            {
                caller.Change = Change.Changed;
                work.Enqueue(caller);
            }
        }
    }

    /// <summary>The functions that branch to <paramref name="function"/>; null when its address is used in any other way.</summary>
    private static List<Element>? Callers(ObjectModel patched, Element function)
    {
        var callers = new List<Element>();
        foreach (var element in patched.Elements)
        {
            foreach (var reference in element.References)
            {
                if (reference.Target != function || element == function || element.Parent == function)
                {
                    continue;
                }
                if (element.Kind != ElementKind.Function || reference.Type != RelocationType.Plt32)
                {
                    return null;
                }
                callers.Add(element.Parent ?? element);
            }
        }
        return callers;
    }
}
