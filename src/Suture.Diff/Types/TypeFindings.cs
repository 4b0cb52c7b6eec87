using Suture.Diff.Findings;

namespace Suture.Diff.Types;

/// <summary>What there is to say about changed types: one method a code.</summary>
internal static class TypeFindings
{
    private const int MaxListed = 3;

    private const string Shadow =
        "keep the struct as it is and attach new state to its objects with shadow variables (klp_shadow_alloc, klp_shadow_get), or find a fix that needs none";

    private static Finding Of(string code, Severity severity, CType type, int line, string message, string advice) =>
        new(code, severity, type.File, type.File is null ? 0 : line > 0 ? line : type.Line, type.ToString(), message, advice);

    /// <summary>SUT0501: the layout of a type changed that code outside of the unit uses too.</summary>
    public static Finding SharedLayout(LayoutChange change) => Of("SUT0501", Severity.Error, change.Patched, change.Line,
        $"{change.Patched}: {change.Words}; {Scope(change.Patched)}, and objects that exist already have the old layout", Shadow);

    /// <summary>SUT0502: the layout of a type of this file changed, of which objects exist already.</summary>
    public static Finding PrivateLayout(LayoutChange change, string why) => Of("SUT0502", Severity.Error, change.Patched, change.Line,
        $"{change.Patched}: {change.Words}; only this file uses it, but objects with the old layout may be in use: {why}", Shadow);

    /// <summary>SUT0503: the layout of a type changed that lives on the stack of replaced functions only.</summary>
    public static Finding StackOnly(LayoutChange change, List<string> holders) => Of("SUT0503", Severity.Note, change.Patched, change.Line,
        $"{change.Patched}: {change.Words}; this is safe: only this file uses it, it lives on the stack of {Listed(holders)} only, "
        + "and no task changes over to the livepatch while it is in there",
        "nothing to do");

    /// <summary>SUT0504: a new field lies where padding was.</summary>
    public static Finding FillsPadding(LayoutChange change) => Of("SUT0504", Severity.Warning, change.Patched, change.Line,
        $"{change.Patched}: {change.Words}, which was padding; size and other fields are as they were, but in objects that exist already it holds whatever was there",
        "make sure that every object was zeroed when it was allocated and that zero means what the fix needs, or use a shadow variable");

    /// <summary>SUT0505: a field stands for something else now.</summary>
    public static Finding OtherMeaning(LayoutChange change) => Of("SUT0505", Severity.Warning, change.Patched, change.Line,
        $"{change.Patched}: {change.Words}; the layout is as it was, but code that is not replaced still takes it for what it was",
        "check that every function that uses the field is replaced, and that the values in objects that exist already are right under its new type");

    /// <summary>SUT0506: a function or variable that other code uses is declared otherwise.</summary>
    public static Finding Prototype(PrototypeChange change) => new("SUT0506", Severity.Error, change.File, change.Line, change.Name,
        $"'{change.Name}' was '{change.Original}' and is '{change.Patched}'; code that is not replaced uses it as it was",
        "leave it as it is and add a new function that the patched callers use");

    /// <summary>SUT0506: a static variable has another type now.</summary>
    public static Finding OwnVariable(PrototypeChange change) => new("SUT0506", Severity.Error, change.File, change.Line, change.Name,
        $"'{change.Name}' was '{change.Original}' and is '{change.Patched}'; what it holds in the running kernel was put there as the former",
        "give the new code a variable of its own, and set it from a callback when the patch is applied");

    /// <summary>SUT0506, as a note: whoever uses the function is compiled with the patch.</summary>
    public static Finding PrototypeOfAll(PrototypeChange change) => new("SUT0506", Severity.Note, change.File, change.Line, change.Name,
        $"'{change.Name}' was '{change.Original}' and is '{change.Patched}'; this is safe: all that calls it in the running image is compiled with the patch, and what changed is replaced together",
        "nothing to do");

    /// <summary>SUT0507: an exported symbol is declared otherwise.</summary>
    public static Finding Exported(PrototypeChange change) => new("SUT0507", Severity.Error, change.File, change.Line, change.Name,
        $"exported symbol '{change.Name}' was '{change.Original}' and is '{change.Patched}'; its version (CRC) changes, and modules built against the old one use it as it was",
        "leave the exported symbol as it is and add a new function that the patched callers use");

    /// <summary>SUT0508: values of an enum changed.</summary>
    public static Finding EnumValues(EnumChange change) => Of("SUT0508", change.IsOnlyItsEnd ? Severity.Warning : Severity.Error, change.Patched, 0,
        $"{change.Patched}: {change.Words}; "
        + (change.IsOnlyItsEnd ? "code and tables that are not replaced still end where they did" : "values that the running kernel has stored, and code that is not replaced, mean what they meant before"),
        change.IsOnlyItsEnd
            ? "check that new values reach no table or loop that the patch leaves as it is"
            : "add new values at the end, with numbers that nothing has yet");

    /// <summary>SUT0509: type information cannot be read.</summary>
    public static Finding Unreadable(string fault) => new("SUT0509", Severity.Warning, null, 0, null,
        $"types are not compared, as the type information cannot be read: {fault}",
        "compile both objects again with the same compiler; without this check, look yourself whether a struct changed that others use");

    private static string Listed(List<string> functions) => string.Join(", ", functions.Take(MaxListed).Select(f => $"'{f}'"))
        + (functions.Count > MaxListed ? $" and {functions.Count - MaxListed} more" : "");

    private static string Scope(CType type) => type.File is null ? "other code may share it"
        : $"it is declared in {type.File}, which other code shares";
}
