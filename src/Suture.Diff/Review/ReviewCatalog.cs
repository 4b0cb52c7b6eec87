using Suture.Diff.Findings;

namespace Suture.Diff.Review;

/// <summary>The findings that ask for a human's look: one method or row a code.</summary>
public static class ReviewCatalog
{
    /// <summary>SUT0801 new lock taken, SUT0802 new lock initialised, SUT0803 references counted otherwise, SUT0805 something published.</summary>
    public static Finding Of(CallSubject subject, string function, IReadOnlyList<string> callees)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var calls = List(callees);
        return subject.Code switch
        {
            "SUT0801" => Warn("SUT0801", function, $"'{function}' takes a lock where it took none ({calls})",
                "check the order against all who hold it already: tasks in old and new code run side by side until the transition is complete"),
            "SUT0802" => Warn("SUT0802", function, $"'{function}' initialises a lock or wait queue ({calls})",
                "objects made before the patch do not have it initialised: keep a new lock in a shadow variable, and use it only where that exists"),
            "SUT0803" => Warn("SUT0803", function, $"'{function}' takes or drops more references than before ({calls})",
                "check what happens to objects whose count the old code set: a reference it never took must not be dropped now"),
            _ => Warn("SUT0805", function, $"'{function}' makes something that user space sees ({calls})",
                "take it away again from a callback before the livepatch is unloaded, and mind that the code may run again after the next patch"),
        };
    }

    /// <summary>SUT0801: locks are taken in an order that old code takes the other way round.</summary>
    public static Finding LocksReversed(string function) => Warn("SUT0801", function, $"'{function}' takes locks in an order that the old code of this file takes the other way round",
        "tasks in old and new code run side by side until the transition is complete, and may wait for each other for ever: make sure that the two orders are never about the same locks");

    /// <summary>SUT0801: two locks of one kind are taken in an order, or are others, than in the old code.</summary>
    public static Finding LocksExchanged(string function) => Warn("SUT0801", function, $"'{function}' takes a lock while it holds another of the same kind, and the old code did so in another order or with other locks",
        "tasks in old and new code run side by side until the transition is complete, and may wait for each other for ever: make sure that the old order is never about the same two locks");

    /// <summary>SUT0801 as a note: a new lock that is given back, while no lock is taken in another order than before.</summary>
    public static Finding LockGivenBack(string function, IReadOnlyList<string> callees)
    {
        ArgumentNullException.ThrowIfNull(callees);
        return new("SUT0801", Severity.Note, null, 0, function, $"'{function}' takes a lock where it took none, and gives it back ({List(callees)})",
            "nothing to do where the patched source has no lock order of its own to mend; until the transition is complete, tasks in old code go without the lock as they do now");
    }

    /// <summary>SUT0803 as a note: references that nobody dropped are, and none is taken otherwise than before.</summary>
    public static Finding ReferenceDropped(string function, IReadOnlyList<string> callees)
    {
        ArgumentNullException.ThrowIfNull(callees);
        return new("SUT0803", Severity.Note, null, 0, function, $"'{function}' drops references that it kept ({List(callees)}), and none is taken otherwise than before",
            "nothing to do where the old code forgot them; what it kept until now is not found again");
    }

    /// <summary>SUT0803: references that old code takes are not taken any more.</summary>
    public static Finding ReferenceNotTaken(string function, IReadOnlyList<string> callees)
    {
        ArgumentNullException.ThrowIfNull(callees);
        return Warn("SUT0803", function, $"'{function}' takes fewer references than before ({List(callees)})",
            "check who drops what it does not take now: old code that still runs, or runs again after a revert, would drop a reference too many");
    }

    /// <summary>SUT0804: tasks may stay in the replaced function for long; a note where it is called, and so returns some time.</summary>
    public static Finding Stall(string function, string callee, bool neverReturns) => neverReturns
        ? Warn("SUT0804", function, $"tasks may stay in '{function}' for long (it calls {callee}): the transition waits until each has left it",
            "if the function is the main loop of a thread, move the fix into a function that the loop calls")
        : new("SUT0804", Severity.Note, null, 0, function, $"tasks may sleep in '{function}' (it calls {callee}): the transition waits until each has left it",
            "nothing to do: the livepatch core wakes tasks that a signal can wake, and others are given what they wait for");

    /// <summary>SUT0806: a function of the livepatch may be called when it is gone.</summary>
    public static Finding Outlives(string function, string holder) => Warn("SUT0806", function,
        $"'{holder}' takes the address of the new function '{function}': a timer, work item or object that keeps it would call into an unloaded module",
        "flush or cancel it from a callback when the patch is reverted, or keep the module loaded");

    /// <summary>SUT0806: data of the livepatch may be read when it is gone.</summary>
    public static Finding DataOutlives(string data, string holder) => Warn("SUT0806", data,
        $"'{holder}' stores or hands on the address of '{data}', which is new: an object that keeps it would have what it reads there in an unloaded module",
        "take it out of such objects from a callback when the patch is reverted, or keep the module loaded");

    /// <summary>SUT0807: once-only messages may come once more.</summary>
    public static Finding OnceAgain(string function) => new("SUT0807", Severity.Note, null, 0, function,
        $"'{function}' has messages or warnings that are given once only: the livepatch keeps its own record of them",
        "nothing to do; a message that was given before may come once more");

    /// <summary>SUT0808: new variables know nothing of what happened before.</summary>
    public static Finding NewState(string data) => Warn("SUT0808", data, $"'{data}' is new: it begins as the source initialises it, and nothing that ran before the livepatch left anything in it",
        "see that no new code expects there what older code would have had to enter (a lock or a counter may begin anew); a callback before the patch can fill it");

    private static string List(IReadOnlyList<string> callees) => string.Join(", ", callees.Take(4)) + (callees.Count > 4 ? ", …" : "");

    private static Finding Warn(string code, string symbol, string message, string advice) => new(code, Severity.Warning, null, 0, symbol, message, advice);
}
