using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Build.Match;

/// <summary>How a function of the compiled original relates to the code that runs.</summary>
public enum MatchState
{
    /// <summary>Byte for byte the same, relocations masked and their targets compared.</summary>
    Identical,
    /// <summary>The image has a function of that name and it differs.</summary>
    Mismatch,
    /// <summary>The image does not name the function, or has another definition of a weak one, so nothing can be said.</summary>
    Unverified,
}

/// <summary>Result for one function.</summary>
/// <param name="State">The judgement.</param>
/// <param name="Detail">For a mismatch: the first difference; empty otherwise.</param>
public sealed record FunctionMatch(MatchState State, string Detail = "")
{
    /// <summary>The result when nothing in the image equals <paramref name="function"/>; <paramref name="detail"/> is the first difference, empty when the name is unknown.</summary>
    public static FunctionMatch None(Element function, string detail)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(detail);
        return detail.Length == 0 ? new FunctionMatch(MatchState.Unverified, "the image has no function of that name")
            : function.Symbol is { Binding: SymbolBinding.Weak } ? new FunctionMatch(MatchState.Unverified, "weak, and the image has another definition: " + detail)
            : new FunctionMatch(MatchState.Mismatch, detail);
    }
}

/// <summary>A symbol of the running kernel as the livepatch core finds it.</summary>
/// <param name="Object">"vmlinux" or a module name.</param>
/// <param name="Name">Name in kallsyms.</param>
/// <param name="SymPos">0 when the name is unique in the object, otherwise the 1-based position among the symbols of that name.</param>
public sealed record KernelSymbolReference(string Object, string Name, int SymPos);

/// <summary>
/// The code that runs of one object (vmlinux or a module), ready to be compared with a compiled translation
/// unit. Comparing also tells where the unit's own symbols ended up.
/// </summary>
public interface ITargetImage
{
    /// <summary>"vmlinux" or a module name.</summary>
    string Object { get; }

    /// <summary>Compares every function of <paramref name="unit"/> with the image.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="asShipped">
    /// Whether it was compiled exactly as the kernel's build does it. Otherwise the assembler may have encoded a jump in another length, so that a
    /// function does not match where it is, and only a namesake of it does.
    /// </param>
    UnitMatch Match(ObjectModel unit, bool asShipped);

    /// <summary>The symbol that other objects know by <paramref name="name"/>, or null when the image has none.</summary>
    KernelSymbolReference? FindGlobal(string name);

    /// <summary>The one symbol of that name, whoever may see it; null when the image has none or several.</summary>
    KernelSymbolReference? FindOnly(string name);

    /// <summary>Whether <paramref name="name"/> is a symbol that the image shows to all its units.</summary>
    bool IsShared(string name);

    /// <summary>
    /// Names of the functions and data of this image that refer to its function <paramref name="name"/>, the function itself included if
    /// it does; null when that cannot be told.
    /// </summary>
    IReadOnlyList<string>? UsersOf(string name);
}

/// <summary>What comparing one translation unit with the image gave.</summary>
public sealed class UnitMatch
{
    /// <summary>The judgement for each function of the unit.</summary>
    public required IReadOnlyDictionary<Element, FunctionMatch> Functions { get; init; }

    /// <summary>Symbol positions of named elements, as far as they could be told.</summary>
    public required Func<Element, KernelSymbolReference?> Resolve { get; init; }
}
