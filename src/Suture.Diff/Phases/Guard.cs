using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Phases;

/// <summary>Is this safe to patch live? Each rule gives findings; an error refuses the patch.</summary>
internal static class Guard
{
    public static List<Finding> Run(ObjectModel original, ObjectModel patched, List<Element> included)
    {
        var findings = new List<Finding>();
        var replaced = patched.Functions.FindAll(f => f.Change == Change.Changed && f.Parent is null);
        var bootOnly = replaced.FindAll(f => IsInit(f.Section));
        var live = replaced.Count > bootOnly.Count || included.Exists(e => e.Kind == ElementKind.Function && !IsInit(e.Section));
        foreach (var function in bootOnly)
        {
            findings.Add(FindingCatalog.InitFunction(function.Name, live ? Severity.Warning : Severity.Error));
        }
        foreach (var function in replaced.Except(bootOnly))
        {
            if (!IsTraceable(function.Twin!))
            {
                findings.Add(FindingCatalog.NotTraceable(function.Name));
            }
        }
        foreach (var data in patched.Data)
        {
            CheckData(data, live, findings);
        }
        foreach (var data in original.Data)
        {
            if (Vanished(data))
            {
                findings.Add(FindingCatalog.StaticLocalVanished(data.Name));
            }
        }
        foreach (var element in included)
        {
            CheckForm(patched, element, findings);
        }
        return findings;
    }

    /// <summary>
    /// Whether the function can be redirected: it calls the tracer at its start (-pg -mfentry), or, where no
    /// function does, it is listed in __patchable_function_entries without being mere padding.
    /// </summary>
    public static bool IsTraceable(Element function)
    {
        foreach (var reference in function.References)
        {
            // At most endbr64 (4 bytes) stands before the call; its operand is the second byte of the call.
            if (reference.Offset > function.Prefix + 16)
            {
                break;
            }
            if (reference.External?.Name is "__fentry__" or "mcount")
            {
                return true;
            }
        }
        return function.Entries.Exists(e => e.Section.Name == "__mcount_loc");
    }

    /// <summary>Whether code or data of this section is gone, or never used again, once the system is up.</summary>
    public static bool IsInit(Section section) =>
        section.Name.StartsWith(".init", StringComparison.Ordinal) || section.Name.StartsWith(".exit", StringComparison.Ordinal)
        || section.Name.StartsWith(".meminit", StringComparison.Ordinal) || section.Name.StartsWith(".memexit", StringComparison.Ordinal)
        || section.Name.StartsWith(".cpuinit", StringComparison.Ordinal) || section.Name.StartsWith(".devinit", StringComparison.Ordinal);

    private static void CheckData(Element data, bool live, List<Finding> findings)
    {
        if (data.Change != Change.Changed)
        {
            return;
        }
        if (IsInit(data.Section) || IsRegistration(data.Section))
        {
            findings.Add(FindingCatalog.BootOnlyData(data.Name, data.Section.Name, live ? Severity.Warning : Severity.Error));
        }
        else if (data.Size != data.Twin!.Size)
        {
            findings.Add(FindingCatalog.DataResized(data.Name, data.Twin.Size, data.Size));
        }
        else
        {
            findings.Add(FindingCatalog.DataChanged(data.Name));
        }
    }

    /// <summary>Sections that the kernel reads once, when the image boots or the module loads.</summary>
    private static bool IsRegistration(Section section) =>
        section.Name.StartsWith("__param", StringComparison.Ordinal) || section.Name.StartsWith("___ksymtab", StringComparison.Ordinal)
        || section.Name.StartsWith("___kcrctab", StringComparison.Ordinal) || section.Name.StartsWith("__kcrctab", StringComparison.Ordinal)
        || section.Name is "__ksymtab_strings" or "__syscalls_metadata" or "_ftrace_events";

    /// <summary>A static local that a changed function used and that no longer exists: its running value would be lost silently.</summary>
    private static bool Vanished(Element data) =>
        data.Twin is null && SymbolNames.IsStaticLocal(data.Name) && Correlate.IsCorrelated(data) && !data.IsGlobal
        && (data.Section.Flags & SectionFlags.Write) != 0 && !IsInit(data.Section)
        && !data.Section.Name.StartsWith(".data.rel.ro", StringComparison.Ordinal);

    private static void CheckForm(ObjectModel patched, Element element, List<Finding> findings)
    {
        if (element.IsUnmovable)
        {
            findings.Add(FindingCatalog.Unmovable(element.ToString(), "it jumps out of itself by a one-byte operand"));
        }
        foreach (var reference in element.References.Concat(element.Entries.SelectMany(e => e.References)))
        {
            if ((Obstacle(reference) ?? Boundary(patched, element, reference)) is { } why)
            {
                findings.Add(FindingCatalog.Unmovable(element.ToString(), why));
                return;
            }
        }
    }

    /// <summary>Why a reference cannot be made from a livepatch module, or null when it can.</summary>
    private static string? Obstacle(Reference reference)
    {
        if (RelocationType.Width(reference.Type) < 0)
        {
            return $"it uses relocation type {reference.Type}, which the module loader does not know";
        }
        if (reference.Target is { } target && Select.IsOwn(target, reference) && IsInit(target.Section))
        {
            return $"it refers to '{target}', which is new __init or __exit code or data and is not kept once the system is up";
        }
        return reference.External is { Section: { } section } ? $"it refers into section {section.Name}, which has no meaning outside its object" : null;
    }

    /// <summary>
    /// A pointer to the end of an array and one to what follows it in its section are spelled alike. That matters
    /// where the livepatch takes one of the two along: then they no longer lie side by side.
    /// </summary>
    private static string? Boundary(ObjectModel patched, Element from, Reference reference)
    {
        if (reference is not { TargetOffset: 0, Target: { Kind: ElementKind.Data, Start: > 0 } next })
        {
            return null;
        }
        var before = patched.In(next.Section).LastOrDefault(e => e.Kind == ElementKind.Data && e.Start + e.Size == next.Start);
        // Nobody counts up to the end of a plain number.
        return before is { Size: > 8, IsOwnCopy: false } && (before.Change == Change.New || next.Change == Change.New)
            && from.References.Exists(r => r.Target == before)
            ? $"it points to where '{before}' ends and '{next}' begins, and which of the two it means cannot be told; put the new one into another section"
            : null;
    }
}
