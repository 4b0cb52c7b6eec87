using System.Text.RegularExpressions;

namespace Suture.Module;

/// <summary>What a note may hold. Whoever writes one keeps to it; what a reader finds beyond it is no note of Suture's.</summary>
public static partial class NoteRules
{
    /// <summary>Characters of a title.</summary>
    public const int MaxTitle = 200;

    /// <summary>Characters of a version.</summary>
    public const int MaxVersion = 64;

    /// <summary>Characters that say whose fixes a cumulative livepatch carries.</summary>
    public const int MaxEffective = 128;

    /// <summary>CVE identifiers.</summary>
    public const int MaxCves = 1_000;

    /// <summary>Functions.</summary>
    public const int MaxFunctions = 100_000;

    /// <summary>Bytes of one function's code.</summary>
    public const int MaxCodeBytes = 1 << 20;

    /// <summary>KSYM_NAME_LEN of the kernel, with its terminator.</summary>
    private const int MaxSymbol = 512;

    /// <summary>MODULE_NAME_LEN of the kernel is 56 with its terminator.</summary>
    private const int MaxModuleName = 55;

    /// <summary>Whether <paramref name="text"/> is one line of 1 to <paramref name="max"/> characters that a terminal may be shown.</summary>
    public static bool IsPrintable(string? text, int max) =>
        text is { Length: > 0 } && text.Length <= max && !text.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069'));

    /// <summary>Whether <paramref name="text"/> is a version: letters, digits and what stands between them in versions.</summary>
    public static bool IsVersion(string? text) => text is { Length: <= MaxVersion } && Version().IsMatch(text);

    /// <summary>Whether <paramref name="text"/> is a CVE identifier in upper case.</summary>
    public static bool IsCve(string? text) => text is { Length: <= 32 } && Cve().IsMatch(text);

    /// <summary>What is wrong with <paramref name="note"/>; empty when nothing is.</summary>
    public static string Fault(LivepatchNote note)
    {
        ArgumentNullException.ThrowIfNull(note);
        return !ModuleName().IsMatch(note.Module) || note.Module.Length > MaxModuleName ? "its module name is none"
            : !ModuleName().IsMatch(note.Name) || note.Name.Length > MaxModuleName ? "its name is none"
            : !IsVersion(note.Version) ? "its version is none"
            : note.Title is not null && !IsPrintable(note.Title, MaxTitle) ? "its title is too long, or not one printable line"
            : note.Cves.Count > MaxCves || !note.Cves.All(IsCve) ? "its CVE identifiers are none"
            : !IsPrintable(note.Kernel.Release, 64) || note.Kernel.BuildId is null || !Hex().IsMatch(note.Kernel.BuildId) || (note.Kernel.Version is { } v && !IsPrintable(v, 128)) ? "its kernel is none"
            : note.Effective is { } e && (!IsPrintable(e.Version, MaxEffective) || e.Fixes < 0 || e.Total < e.Fixes) ? "its effective version is none"
            : note.Functions.Count > MaxFunctions ? $"it has more than {MaxFunctions} functions"
            : note.Functions.TakeWhile(IsSound).Count() is var sound && sound < note.Functions.Count ? $"its function number {sound + 1} makes no sense"
            : "";
    }

    private static bool IsSound(NoteFunction? f) =>
        f is not null && IsPrintable(f.Object, MaxModuleName) && IsPrintable(f.Name, MaxSymbol) && f.Sympos >= 0
        && (f.Digest is null ? f.Size == 0 && f.Mask.Length == 0
            : f.Size is > 0 and <= MaxCodeBytes && f.Digest.Length == 64 && Hex().IsMatch(f.Digest) && CodeMask.Parse(f.Mask, f.Size) is not null);

    [GeneratedRegex(@"\A[A-Za-z0-9_.-]+\z")]
    private static partial Regex ModuleName();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._+~:-]*\z")]
    private static partial Regex Version();

    [GeneratedRegex(@"\ACVE-[0-9]{4}-[0-9]{4,19}\z")]
    private static partial Regex Cve();

    [GeneratedRegex(@"\A[0-9a-f]{1,128}\z")]
    private static partial Regex Hex();
}
