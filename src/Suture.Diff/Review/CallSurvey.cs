using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Review;

/// <summary>Which functions a function calls, its cold part included, and how often each is called in its code. What counts references in line has names as well, see <see cref="InlineCount"/>.</summary>
public sealed class CallSurvey
{
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly HashSet<string> _own = new(StringComparer.Ordinal);

    /// <summary>Callees that put a task to sleep until something happens.</summary>
    private static readonly HashSet<string> Sleeps = new(StringComparer.Ordinal)
    {
        "schedule", "schedule_timeout", "schedule_timeout_interruptible", "schedule_timeout_uninterruptible", "schedule_hrtimeout",
        "io_schedule", "freezable_schedule", "wait_woken", "msleep_interruptible",
    };

    private CallSurvey(ControlFlow flow, LockUse locks, ReferenceUse references) => (Flow, Locks, References) = (flow, locks, references);

    /// <summary>Its paths.</summary>
    public ControlFlow Flow { get; }

    /// <summary>How it takes and gives back locks.</summary>
    public LockUse Locks { get; }

    /// <summary>How it takes and drops references.</summary>
    public ReferenceUse References { get; }

    /// <summary>Surveys <paramref name="function"/>; <paramref name="locks"/> keeps which locks functions of its file take.</summary>
    public static CallSurvey Of(Element function, Dictionary<Element, uint> locks)
    {
        ArgumentNullException.ThrowIfNull(function);
        var references = function.Parts.Prepend(function).SelectMany(f => f.References.Where(r => r.Type == RelocationType.Plt32).OrderBy(r => r.Offset)).ToList();
        var calls = references.Select(r => r.External?.Name ?? r.Target?.Name ?? "").Where(n => n.Length > 0).ToList();
        var flow = new ControlFlow(function);
        var counts = Enumerable.Range(0, flow.Instructions.Count).Select(i => InlineCount.Of(flow, i)).OfType<string>().ToList();
        var takenWithin = new Dictionary<string, uint>(StringComparer.Ordinal);
        foreach (var callee in references.Select(r => r.Target).OfType<Element>().Where(t => t.Kind == ElementKind.Function && t != function && t.Parent != function).Distinct())
        {
            takenWithin[callee.Name] = takenWithin.GetValueOrDefault(callee.Name) | LockUse.TakenWithin(callee, locks);
        }
        var survey = new CallSurvey(flow, LockUse.Of(flow, takenWithin), ReferenceUse.Of(function, calls, counts));
        foreach (var name in calls.Concat(counts))
        {
            survey._calls[name] = survey._calls.GetValueOrDefault(name) + 1;
        }
        survey._own.UnionWith(references.Where(r => r.External is null).Select(r => r.Target?.Name).OfType<string>());
        return survey;
    }

    /// <summary>Whether <paramref name="name"/> is a function of the file.</summary>
    public bool IsOwn(string name) => _own.Contains(name);

    /// <summary>How often <paramref name="name"/> is called.</summary>
    public int Count(string name) => _calls.GetValueOrDefault(name);

    /// <summary>Names of all that is called, in order of the alphabet.</summary>
    public IEnumerable<string> Names => _calls.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether it asks if its thread should stop, as only the thread's own loop does.</summary>
    public bool IsThread => Count("kthread_should_stop") + Count("kthread_freezable_should_stop") > 0;

    /// <summary>
    /// For a function that tasks may stay in for long: what shows it, else null. A kernel thread asks whether it
    /// should stop; others sleep themselves rather than through a lock or an allocation.
    /// </summary>
    public string? Waits => IsThread ? "kthread_should_stop" : Names.FirstOrDefault(Sleeps.Contains);
}
