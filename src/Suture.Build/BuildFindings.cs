using Suture.Diff.Findings;

namespace Suture.Build;

/// <summary>Findings of the build, beyond those of the diff engine: one method a code.</summary>
public static class BuildFindings
{
    private static Finding Error(string code, string? file, string? symbol, string message, string advice) =>
        new(code, Severity.Error, file, 0, symbol, message, advice);

    /// <summary>SUT0301: the function that would be replaced is not the one that runs.</summary>
    public static Finding Mismatch(string file, string name, string owner, string detail) => Error("SUT0301", file, name,
        $"'{name}' as compiled here is not the '{name}' that runs in {owner}: {detail}",
        "source, configuration or compiler differ from those the kernel was built with; nothing is patched on a guess");

    /// <summary>SUT0302: the running image does not name the function.</summary>
    public static Finding NotInImage(string file, string name, string owner) => Error("SUT0302", file, name,
        $"'{name}' is not in {owner}: there is nothing to replace",
        "the source file may belong to another object, or the linker kept another definition");

    /// <summary>SUT0303: which of several functions of one name is meant cannot be told.</summary>
    public static Finding Ambiguous(string file, string name, string owner) => Error("SUT0303", file, name,
        $"{owner} has several symbols '{name}' and the running code does not tell which belongs to {file}",
        "patch its callers instead, or make the fix in a function with a unique name");

    /// <summary>SUT0304: a symbol that the patch uses cannot be found in the running kernel.</summary>
    public static Finding Unresolved(string file, string name, string owner) => Error("SUT0304", file, name,
        $"the patch uses '{name}', which can be found neither in {owner} nor among the exported symbols",
        "use something that exists in this kernel, or bring the function along in the patch");

    /// <summary>SUT0304: a symbol is another module's, which need not be there when the code runs.</summary>
    public static Finding NotHeld(string file, string name, string owner, string other) => Error("SUT0304", file, name,
        $"the patch uses '{name}' of module {other} in code of {owner}, which does not depend on {other}: that may not be loaded, or be unloaded while the code runs",
        "leave this part out, or use something that is in vmlinux or in a module that this one depends on");

    /// <summary>SUT0312: a module cannot come back while the livepatch is applied.</summary>
    public static Finding NotLoadedAgain(IReadOnlyCollection<string> modules) => new("SUT0312", Severity.Note, null, 0, null,
        $"once unloaded, {string.Join(", ", modules.Take(5))}{(modules.Count > 5 ? $" and {modules.Count - 5} more" : "")} cannot be loaded again while this livepatch is applied: this kernel does not take back what it wrote into the livepatch for a module, and the author's callbacks take the place of those in which Suture does",
        "do without the pre_unpatch or the post_unpatch callback of that module; or revert the livepatch before you load the module a second time, and apply it again");

    /// <summary>SUT0305: a table that is processed when the livepatch loads refers into a module that may come later.</summary>
    public static Finding LateReference(string section, string name, string owner) => Error("SUT0305", null, name,
        $"section {section} refers to '{name}' of module {owner}; it is processed when the livepatch loads, the module may load later",
        "avoid static keys, static calls and alternatives on the module's own symbols in the patched functions");

    /// <summary>SUT0210, when compiling once more did not help: the compiler then inlines differently, and not all that runs the old code would be replaced.</summary>
    public static Finding BootConstantStays(Finding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        return finding with { Severity = Severity.Error, Advice = "restructure the fix so that this function need not be replaced" };
    }

    /// <summary>SUT0405: more units include what changes than an automatic build looks through.</summary>
    public static Finding TooManyUnits(int units, int most) => new("SUT0405", Severity.Error, null, 0, null,
        $"{units} units include a header that changes; an automatic build looks through {most} at the most",
        "build this part by itself with suture build, which has no such bound");

    /// <summary>SUT0209: what the patch adds runs already, defined elsewhere.</summary>
    public static Finding NameTaken(string file, string name, string owner) => Error("SUT0209", file, name,
        $"the patch adds '{name}', and the running {owner} has a '{name}' already, defined in another file; all code that is not replaced goes on using that one",
        "leave it in the file where it is and change it there");

    /// <summary>SUT0209: two files of the patch add one name.</summary>
    public static Finding NameTwice(string file, string name, string other) => Error("SUT0209", file, name,
        $"the patch adds '{name}' in {other} and in {file}; which of the two is meant by whom cannot be told in one livepatch",
        "give one of them another name; of a weak function and its override leave out the weak one");

    /// <summary>SUT0310: a tracepoint of a module does not fire in replaced functions.</summary>
    public static Finding SilentTracepoint(string name, string owner) => new("SUT0310", Severity.Warning, null, 0, name,
        $"tracepoint '{name}' of module {owner} does not fire in the replaced functions: its switch cannot be wired up before the module is loaded",
        "nothing to do unless somebody relies on this tracepoint while the livepatch is applied");

    /// <summary>SUT0311: the object is part of several modules, and a livepatch would mend one of them.</summary>
    public static Finding SeveralModules(string file, string name, IEnumerable<string> owners) => Error("SUT0311", file, name,
        $"{file} is linked into several modules ({string.Join(", ", owners)}), each with a '{name}' of its own; a livepatch replaces it in one of them",
        "nothing was made, because a host with the others loaded would count as patched; make the fix in code that is there once");

    /// <summary>SUT0306: the finished module would not load.</summary>
    public static Finding WouldNotLoad(string what) => Error("SUT0306", null, null,
        $"the finished module would be rejected by the kernel: {what}",
        "this is a defect in Suture or in the kernel directory; nothing was written");

    /// <summary>SUT0307: the kernel's objtool rejects the module.</summary>
    public static Finding Objtool(string words) => Error("SUT0307", null, null,
        $"objtool, the kernel's own object checker, does not accept the module: {words}",
        "the patched code may use constructs that the kernel's build also rejects");

    /// <summary>SUT0308: objtool's warnings.</summary>
    public static Finding ObjtoolWarning(string words) => new("SUT0308", Severity.Warning, null, 0, null,
        $"objtool remarks: {words}", "stack traces through the function may be unreliable, which can delay a transition; look at the code it names");

    /// <summary>SUT0309: the patch takes the address of a function that the kernel sealed against indirect calls.</summary>
    public static Finding Sealed(string name) => Error("SUT0309", null, name,
        $"the patch takes the address of '{name}', which has no ENDBR instruction as it runs because nothing did so before",
        "call it directly, or through a small function of the patch's own that calls it");

    /// <summary>SUT0502: a struct that seems to live on the stack only is also made of other memory, by a cast.</summary>
    public static Finding CastToPrivate(string file, int line, string type, string words) => new("SUT0502", Severity.Error, file, line, type,
        $"the layout of {type} changed; only this file uses it, but objects with the old layout may be in use: '{words}' takes other memory for one",
        "keep the struct as it is and attach new state to its objects with shadow variables (klp_shadow_alloc, klp_shadow_get), or find a fix that needs none");

    /// <summary>SUT0601: the compiler's objects differ where the livepatch says nothing.</summary>
    public static Finding Omitted(string what) => Error("SUT0601", null, null,
        $"the livepatch would be incomplete: {what}",
        "this is a defect in Suture: please report it with the patch; nothing was written");

    /// <summary>SUT0602: the finished module is not what the compiler's objects ask for.</summary>
    public static Finding NotAsExpected(string what) => Error("SUT0602", null, null,
        $"the finished module is not what the compiler's objects ask for: {what}",
        "this is a defect in Suture: please report it with the patch; nothing was written");

    /// <summary>SUT0401: the patch does not apply.</summary>
    public static Finding DoesNotApply(string? file, int line, string message, string advice) =>
        new("SUT0401", Severity.Error, file, line, null, message, advice);

    /// <summary>SUT0402: the patched source does not compile.</summary>
    public static Finding DoesNotCompile(string? file, int line, string message) =>
        new("SUT0402", Severity.Error, file, line, null, message, "mend the patch; the compiler's words are above");

    /// <summary>How the message of <see cref="CompilerDied"/> begins.</summary>
    public const string NoMessage = "the compiler failed and told no line of the source: ";

    /// <summary>SUT0402: the compiler ended without a message about the source.</summary>
    public static Finding CompilerDied(string file, string lastWords) =>
        new("SUT0402", Severity.Error, file, 0, null, NoMessage + lastWords, "see whether the machine has memory, room and processes left, and try again");

    /// <summary>SUT0403: the patch touches something that cannot be part of a livepatch.</summary>
    public static Finding Unsupported(string? file, int line, string message, string advice, Severity severity) =>
        new("SUT0403", severity, file, line, null, message, advice);

    /// <summary>SUT0404: a hunk applied at another line than the patch says.</summary>
    public static Finding AppliedWithOffset(string? file, int line, string message) => new("SUT0404", Severity.Note, file, line, null,
        message, "nothing to do if the patch was made for a neighbouring version");

    /// <summary>SUT0404 as a warning: a hunk fits in another function than the patch names.</summary>
    public static Finding AppliedElsewhere(string? file, int line, string message) => new("SUT0404", Severity.Warning, file, line, null,
        message, "look whether that is the function that the fix is for; make the patch again on this kernel's source");

    /// <summary>SUT0707: the livepatch that is replaced fixed a function that this one does not.</summary>
    public static Finding FixLost(string name, string owner, string older) => new("SUT0707", Severity.Warning, null, 0, name,
        $"{older} replaces '{name}' of {owner} and this livepatch does not: when it takes over, that fix is lost",
        "build it from all patches of the older one and the new ones; nothing to do if the fix is meant to go");

    /// <summary>SUT0708: the kernel would not let this livepatch replace the older one.</summary>
    public static Finding IncompatibleState(ulong id, string why) => Error("SUT0708", null, null,
        $"state {id}: {why}; the kernel refuses to replace the one by the other",
        "declare every state of the older livepatch, with the same version or a higher one, and take over what it changed");

    /// <summary>SUT0709: a callback of the replaced livepatch is never called.</summary>
    public static Finding CallbackWillNotRun(string kind, string owner, string older) => new("SUT0709", Severity.Warning, null, 0, null,
        $"the {kind} callback of {older} for {owner} will not run: on a replacement only the new livepatch's callbacks do",
        "let the new livepatch's callbacks take over what that one would have undone; a state tells the two about each other");
}
