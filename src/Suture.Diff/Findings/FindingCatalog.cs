using Suture.Diff.Model;

namespace Suture.Diff.Findings;

/// <summary>The findings of the diff engine: one method a code, so that wording stands in one place. Files and lines are filled in by who knows the source.</summary>
public static class FindingCatalog
{
    private static Finding Make(string code, Severity severity, string? symbol, string message, string advice) =>
        new(code, severity, null, 0, symbol, message, advice);

    /// <summary>SUT0101: the patch changes no code.</summary>
    public static Finding NoEffect() => Make("SUT0101", Severity.Note, null,
        "the patch changes nothing that is compiled: both objects have the same code and data",
        "check that the patch touches code this kernel's configuration builds, not only comments or other options");

    /// <summary>SUT0102: line numbers moved, which is no change.</summary>
    public static Finding LinesMoved(IReadOnlyList<string> functions) => Make("SUT0102", Severity.Note, functions[0],
        $"only line numbers differ in {Names(functions)}: not counted as changed",
        "nothing to do; messages of these functions go on naming the old lines");

    /// <summary>SUT0201: code that runs only at boot or module load changed.</summary>
    public static Finding InitFunction(string name, Severity severity) => Make("SUT0201", severity, name,
        $"'{name}' is __init or __exit code: it ran when the system booted and will not run again",
        severity == Severity.Error
            ? "nothing of this patch can take effect live; it needs a reboot into a fixed kernel, or a fix that corrects the running state from another function"
            : BootOnlyPart);

    private const string BootOnlyPart = "this part is left out and takes effect only at the next boot or module load; the rest of the patch is applied";

    /// <summary>
    /// The finding as it stands when other files of the patch can be applied: what runs only at boot or load is then
    /// left out instead of refused.
    /// </summary>
    public static Finding LeftOut(Finding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        return finding is { Severity: Severity.Error, Code: "SUT0201" or "SUT0205" }
            ? finding with { Severity = Severity.Warning, Advice = BootOnlyPart }
            : finding;
    }

    /// <summary>SUT0201: a function that only initialisation uses changed, and cannot be redirected.</summary>
    public static Finding UsedByInitOnly(string name, Severity severity) => Make("SUT0201", severity, name,
        $"'{name}' has no ftrace entry, and only __init or __exit code uses it: that ran when the system booted and will not run again",
        BootOnlyPart);

    /// <summary>SUT0201: code that runs only at boot or module load is new.</summary>
    public static Finding NewInitFunction(string name, Severity severity) => Make("SUT0201", severity, name,
        $"'{name}' is new __init or __exit code: the time when it would have run is over",
        "this part is left out and takes effect only at the next boot or module load; what must happen now can be done from a callback");

    /// <summary>SUT0202: a function that ftrace cannot redirect changed.</summary>
    public static Finding NotTraceable(string name, string? obstacle) => Make("SUT0202", Severity.Error, name,
        $"'{name}' changed but has no ftrace entry (it is notrace, noinstr or assembly), so no caller can be redirected to a new version"
        + Because(obstacle),
        "change its callers instead, or move the fix into a function that is traceable");

    /// <summary>SUT0203: contents of existing static data changed.</summary>
    public static Finding DataChanged(string name, string? obstacle) => Make("SUT0203", Severity.Error, name,
        $"the initial value of static data '{name}' changed, and the running kernel goes on using the old one{Because(obstacle)}",
        "leave the initialiser as it is and change the functions that use it, or set the new value from a callback when the patch is applied");

    /// <summary>SUT0203: existing static data is to be where the running kernel does not have it.</summary>
    public static Finding DataMoved(string name, string from, string to, string? obstacle) => Make("SUT0203", Severity.Error, name,
        $"static data '{name}' moved from section {from} to {to}, and the running kernel has it where it was: code that writes to it, or reaches it through a CPU's base, would fail{Because(obstacle)}",
        "leave its qualifiers as they are (const, __ro_after_init, per CPU) and give the new code a variable of its own");

    /// <summary>SUT0204: existing static data grew or shrank.</summary>
    public static Finding DataResized(string name, int oldSize, int newSize, string? obstacle) => Make("SUT0204", Severity.Error, name,
        $"static data '{name}' changed size from {oldSize} to {newSize} bytes, and the running kernel holds the old one{Because(obstacle)}",
        "keep its layout; put additional state into a new variable or a shadow variable");

    /// <summary>SUT0205: data that is read only at boot or load changed.</summary>
    public static Finding BootOnlyData(string name, string section, Severity severity) => Make("SUT0205", severity, name,
        $"'{name}' (section {section}) is read only when the kernel boots or the module loads",
        BootOnlyPart);

    /// <summary>SUT0206: a static local vanished.</summary>
    public static Finding StaticLocalVanished(string name) => Make("SUT0206", Severity.Warning, name,
        $"static variable '{name}' no longer exists in the patched source",
        "its present value is ignored from now on; check that nothing depends on it being kept up to date");

    /// <summary>SUT0206: a static local may be one of several of its name.</summary>
    public static Finding StaticLocalConfused(string name) => Make("SUT0206", Severity.Error, name,
        $"cannot tell which '{SymbolNames.SourceName(name)}' is which: the running kernel's '{name}' may be one of several static variables of this name in one function",
        "rename the one that the patch adds; where the function has several already, keep the order of the code that uses them");

    /// <summary>SUT0206: a variable may be one of several of its name in an object of several files.</summary>
    public static Finding VariableConfused(string name) => Make("SUT0206", Severity.Error, name,
        $"cannot tell which '{name}' is which: several files that were linked to this object have a static variable of this name, and it does not say which is whose",
        "compare the objects of the single files, or link them without dropping the names of their files (-x, --discard-all)");

    /// <summary>SUT0208: constant data changed; the livepatch brings its own copy.</summary>
    public static Finding DataCopied(string name, IReadOnlyList<string> users, string? handedOutBy) => Make("SUT0208",
        handedOutBy is null ? Severity.Note : Severity.Warning, name,
        $"static data '{name}' changed: the livepatch brings a copy of its own for {Names(users)}"
        + (handedOutBy is null ? "" : $"; '{handedOutBy}' hands its address to other code"),
        handedOutBy is null ? "nothing to do: nothing else refers to it"
            : "check that no code keeps this address after the call: it is gone once the livepatch is unloaded");

    /// <summary>SUT0209: a global name stands for another function now.</summary>
    public static Finding NameMoved(string name, string before, string now) => Make("SUT0209", Severity.Error, name,
        $"the global name '{name}' was '{before}' and is '{now}' now; other code is linked to the old one and goes on calling it",
        $"leave the alias alone and let '{before}' call the new function");

    /// <summary>SUT0507: the version of an exported symbol changed.</summary>
    public static Finding VersionChanged(string name, uint before, uint now) => Make("SUT0507", Severity.Error, name,
        $"the version (CRC) of exported symbol '{name}' was 0x{before:x8} and is 0x{now:x8}: its prototype, or a type that it leads to, changed, and modules built against the old one use it as it was",
        "leave the exported symbol and its types as they are and add a new function that the patched callers use");

    /// <summary>SUT0210: code holds a constant that only the kernel's boot fills in, and only in its own image.</summary>
    public static Finding BootConstant(string name, IReadOnlyList<string> variables) => Make("SUT0210", Severity.Warning, name,
        $"'{name}' holds {Names(variables)} as a constant that the kernel fills in when it boots, in its own image only; in a livepatch a placeholder would stay",
        "build with suture build, which compiles such code so that it reads the variable; do not link this object by hand");

    private static string Names(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(4).Select(n => $"'{n}'")) + (names.Count > 4 ? $" and {names.Count - 4} others" : "");

    private static string Because(string? obstacle) => obstacle is null ? "" : $" ({obstacle})";

    /// <summary>SUT0207: the code has a form that cannot be moved into a module.</summary>
    public static Finding Unmovable(string name, string why) => Make("SUT0207", Severity.Error, name,
        $"'{name}' cannot be moved into a livepatch module: {why}",
        "restructure the fix so that this function need not be replaced");

    /// <summary>SUT0701: a mark names what the object does not have.</summary>
    public static Finding MarkWithoutTarget(string name, string what) => Make("SUT0701", Severity.Error, name,
        $"a mark names '{name}', which is not {what} of the compiled file",
        "check the name; a function that the compiler inlines everywhere is not there: mark the functions it is inlined into");

    /// <summary>SUT0702: a changed function is left out because its author says so.</summary>
    public static Finding NeverReplaced(string name) => Make("SUT0702", Severity.Warning, name,
        $"'{name}' changed and is left out: it is marked never to be replaced",
        "make sure that the rest of the patch works with the function as it runs now");

    /// <summary>SUT0703: a function marked never to be replaced is needed.</summary>
    public static Finding NeverNeeded(string name, string why) => Make("SUT0703", Severity.Error, name,
        $"'{name}' is marked never to be replaced, but {why}",
        "take the mark away, or change the patch so that nothing it replaces needs this function's new version");

    /// <summary>SUT0704: changed data is left as it is because the author says so.</summary>
    public static Finding DataIgnored(string name) => Make("SUT0704", Severity.Warning, name,
        $"the new initial value of '{name}' is ignored, as marked: the running value stays",
        "make sure that the patched functions work with the value that is there");

    /// <summary>SUT0705: a callback cannot be used.</summary>
    public static Finding UnfitCallback(string kind, string function, string why) => Make("SUT0705", Severity.Error, function,
        $"{kind} callback '{function}' {why}",
        "give each object at most one callback of a kind, a new function of the patch; let that one call whatever else is to run");

    /// <summary>SUT0706: a declared state cannot be used.</summary>
    public static Finding UnfitState(ulong id, string? symbol, string why) => Make("SUT0706", Severity.Error, symbol,
        $"state {id}: {why}",
        "declare each state once in a patch; its data is NULL or a new variable of the patch");
}
