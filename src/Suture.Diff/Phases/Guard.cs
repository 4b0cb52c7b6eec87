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
        var bootOnly = replaced.FindAll(f => SpecialSections.IsInit(f.Section));
        var live = replaced.Count > bootOnly.Count || included.Exists(e => e.Kind == ElementKind.Function && !SpecialSections.IsInit(e.Section));
        foreach (var function in bootOnly)
        {
            findings.Add(FindingCatalog.InitFunction(function.Name, live ? Severity.Warning : Severity.Error));
        }
        foreach (var function in patched.Functions.Where(f => f.Supersedes is not null && f.Parent is null && !included.Contains(f)))
        {
            findings.Add(FindingCatalog.UsedByInitOnly(function.Name, live ? Severity.Warning : Severity.Error));
        }
        foreach (var function in patched.Functions.Where(f => f.Change == Change.New && f.Parent is null && SpecialSections.IsInit(f.Section) && f.Name == f.Key))
        {
            findings.Add(FindingCatalog.NewInitFunction(function.Name, live ? Severity.Warning : Severity.Error));
        }
        foreach (var function in replaced.Except(bootOnly))
        {
            if (!IsReplaceable(function.Twin!))
            {
                findings.Add(FindingCatalog.NotTraceable(function.Name, function.Obstacle));
            }
        }
        var uses = new DataUsers(included);
        foreach (var data in patched.Data)
        {
            CheckData(data, live, uses, findings);
        }
        var confused = StaticLocals.Confused(original, included);
        foreach (var data in original.Data.Where(Vanished))
        {
            findings.Add(confused.Contains(data) ? FindingCatalog.StaticLocalConfused(data.Name) : FindingCatalog.StaticLocalVanished(data.Name));
        }
        foreach (var data in original.Data.Where(d => IsConfused(d, original, included)))
        {
            findings.Add(FindingCatalog.VariableConfused(data.Name));
        }
        CheckAliases(original, patched, findings);
        if (included.Count > 0)
        {
            CheckVersions(original, patched, findings);
        }
        foreach (var element in included)
        {
            CheckForm(patched, element, findings);
        }
        foreach (var element in included)
        {
            var tables = element.Entries.Select(e => e.Section).Where(SpecialSections.HoldsBootConstants).Select(s => s.Name).Distinct().ToList();
            if (tables.Count > 0)
            {
                findings.Add(FindingCatalog.BootConstant(element.ToString(), tables.ConvertAll(SpecialSections.BootConstantOf)));
            }
        }
        return findings;
    }

    /// <summary>Whether the running function can be redirected to a new body.</summary>
    public static bool IsReplaceable(Element original) => !original.IsDetached && IsTraceable(original);

    /// <summary>
    /// Whether the function can be redirected: it calls the tracer at its start (-pg -mfentry), or, where no
    /// function does, it is listed in __patchable_function_entries without being mere padding.
    /// </summary>
    private static bool IsTraceable(Element function)
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

    private static void CheckData(Element data, bool live, DataUsers uses, List<Finding> findings)
    {
        if (data.Supersedes is not null && IsDeviceTable(data) && uses.Includes(data))
        {
            findings.Add(FindingCatalog.BootOnlyData(data.Name, data.Section.Name, Severity.Warning));
        }
        if (data.Supersedes is not null && uses.Includes(data))
        {
            var users = uses.UsersOf(data);
            var handing = users.Find(f => uses.UseBy(f, data) == DataUse.Passed);
            findings.Add(FindingCatalog.DataCopied(data.Name, users.Select(u => (u.Parent ?? u).Name).Distinct().ToList(), handing?.Name));
        }
        else if (data.Supersedes is not null || (data.Change == Change.Changed && IsBootOnly(data) && !(IsDeviceTable(data) && uses.UsersOf(data).Count > 0)))
        {
            findings.Add(FindingCatalog.BootOnlyData(data.Name, data.Section.Name, live ? Severity.Warning : Severity.Error));
        }
        else if (data.Change == Change.Changed)
        {
            findings.Add(SectionUses.Of(data.Section) != SectionUses.Of(data.Twin!.Section)
                ? FindingCatalog.DataMoved(data.Name, data.Twin.Section.Name, data.Section.Name, data.Obstacle)
                : data.Size != data.Twin.Size
                ? FindingCatalog.DataResized(data.Name, data.Twin.Size, data.Size, data.Obstacle)
                : FindingCatalog.DataChanged(data.Name, data.Obstacle));
        }
    }

    /// <summary>Whether changed data is looked at only when the kernel boots or the module loads.</summary>
    public static bool IsBootOnly(Element data) => SpecialSections.IsInit(data.Section) || IsRegistration(data.Section) || IsDeviceTable(data);

    /// <summary>Whether it is the table of devices that a module is for. Drivers register it when they load.</summary>
    public static bool IsDeviceTable(Element data) => data.Aliases.Exists(a => IsDeviceTable(a.Name)) || IsDeviceTable(data.Name);

    /// <summary>Whether it is one that other objects cannot name but by that alias, which modpost alone looks at.</summary>
    public static bool IsOwnDeviceTable(Element data) => IsDeviceTable(data)
        && data.Aliases.Append(data.Symbol!).All(s => s.Binding == SymbolBinding.Local || IsDeviceTable(s.Name));

    /// <summary>MODULE_DEVICE_TABLE gives it such an alias.</summary>
    private static bool IsDeviceTable(string name) =>
        name.StartsWith("__mod_", StringComparison.Ordinal) && name.EndsWith("_device_table", StringComparison.Ordinal);

    /// <summary>Sections that the kernel reads once, when the image boots or the module loads.</summary>
    private static bool IsRegistration(Section section) =>
        section.Name.StartsWith("__param", StringComparison.Ordinal) || section.Name.StartsWith("___ksymtab", StringComparison.Ordinal)
        || section.Name.StartsWith("___kcrctab", StringComparison.Ordinal) || section.Name.StartsWith("__kcrctab", StringComparison.Ordinal)
        || section.Name is "__ksymtab_strings" or "__syscalls_metadata" or "_ftrace_events";

    /// <summary>
    /// A variable of a file without a twin because several have its name, for which the livepatch brings a fresh one of that name: where the object does not
    /// tell what file each is of.
    /// </summary>
    private static bool IsConfused(Element data, ObjectModel original, List<Element> included) =>
        data is { Twin: null, IsSuperseded: false, IsGlobal: false } && Correlate.IsCorrelated(data) && !StaticLocals.IsOfFunction(data)
        && !Correlate.IsConstant(data) && !SpecialSections.IsInit(data.Section)
        && original.Data.Count(d => d.Name == data.Name && d.Unit == data.Unit) > 1
        && included.Exists(e => e is { Kind: ElementKind.Data, Twin: null, Supersedes: null } && e.Key == data.Key && e.Unit == data.Unit);

    /// <summary>A static local that a changed function used and that no longer exists: its running value would be lost silently.</summary>
    private static bool Vanished(Element data) =>
        data is { Twin: null, IsSuperseded: false } && SymbolNames.IsStaticLocal(data.Name) && Correlate.IsCorrelated(data) && !data.IsGlobal
        && !Correlate.IsConstant(data) && !SpecialSections.IsInit(data.Section);

    /// <summary>A global name that means another function than before: others go on calling the old one by it.</summary>
    private static void CheckAliases(ObjectModel original, ObjectModel patched, List<Finding> findings)
    {
        var before = new Dictionary<string, Element>(StringComparer.Ordinal);
        foreach (var function in original.Functions)
        {
            foreach (var name in GlobalNames(function))
            {
                before.TryAdd(name, function);
            }
        }
        foreach (var function in patched.Functions)
        {
            foreach (var name in GlobalNames(function))
            {
                // What only initialisation used has no callers left.
                if (before.TryGetValue(name, out var old) && old.Twin != function && function.Supersedes != old && !SpecialSections.IsInit(old.Section))
                {
                    findings.Add(FindingCatalog.NameMoved(name, old.Name, function.Name));
                }
            }
        }
    }

    /// <summary>Until Linux 5.18 the version of each exported symbol is an absolute symbol of the object; modules are bound by it.</summary>
    private static void CheckVersions(ObjectModel original, ObjectModel patched, List<Finding> findings)
    {
        const string prefix = "__crc_";
        var before = Versions(original).ToLookup(s => s.Name, s => (uint)s.Value, StringComparer.Ordinal);
        foreach (var symbol in Versions(patched).Where(s => before.Contains(s.Name) && !before[s.Name].Contains((uint)s.Value)))
        {
            findings.Add(FindingCatalog.VersionChanged(symbol.Name[prefix.Length..], before[symbol.Name].First(), (uint)symbol.Value));
        }

        static IEnumerable<Symbol> Versions(ObjectModel model) => model.Source.Symbols
            .Where(s => s.Place == SymbolPlace.Absolute && s.Name.StartsWith(prefix, StringComparison.Ordinal));
    }

    private static IEnumerable<string> GlobalNames(Element function) => function.Aliases.Append(function.Symbol!)
        .Where(a => a.Binding != SymbolBinding.Local && a.Value == (ulong)function.EntryPoint).Select(a => a.Name);

    private static void CheckForm(ObjectModel patched, Element element, List<Finding> findings)
    {
        if (element.IsUnmovable)
        {
            findings.Add(FindingCatalog.Unmovable(element.ToString(), "it jumps out of itself by a one-byte operand, or to code that is part of nothing known"));
        }
        if (element.UnknownTable is { } table)
        {
            findings.Add(FindingCatalog.Unmovable(element.ToString(), $"section {table} lists a place inside it, and what for is not known"));
        }
        if (element.Kind == ElementKind.Chunk && !Alternative.IsReplacement(element.Section) && InstructionLayout.RunsOn(element.Bytes, afterCalls: false))
        {
            findings.Add(FindingCatalog.Unmovable(element.ToString(), "it runs on into code that is no part of it"));
        }
        if (element.Entries.Exists(IsCutShort))
        {
            findings.Add(FindingCatalog.Unmovable(element.ToString(), "the replacement of an alternative is longer than the code that is known to belong to it"));
        }
        var targets = element.References.Select(r => r.Target).OfType<Element>().ToHashSet();
        foreach (var reference in element.References.Concat(element.Entries.SelectMany(e => e.References)))
        {
            if ((Obstacle(patched, reference) ?? Boundary(patched, targets, reference)) is { } why)
            {
                findings.Add(FindingCatalog.Unmovable(element.ToString(), why));
                return;
            }
        }
    }

    /// <summary>Whether a replacement reaches past the end of the code that its alternative leads to.</summary>
    private static bool IsCutShort(Element entry) => entry.Section.Name == Alternative.Table && !Alternative.IsEmpty(entry.Bytes)
        && entry.References is [_, { Target: { } code } replacement]
        && replacement.TargetOffset + code.Prefix + Alternative.ReplacementLength(entry.Bytes) > code.Size;

    /// <summary>
    /// With a register added, <c>after[i - 1]</c> is spelled as a place in what lies before <c>after</c>. Which is meant need not be known as long as
    /// both lie side by side as they do in the running kernel. What begins at the very place and is more than a number is meant itself.
    /// </summary>
    private static string? Neighbour(ObjectModel patched, Element near, long offset)
    {
        if (offset == 0 && near.Size > sizeof(ulong))
        {
            return null;
        }
        var other = new[] { patched.Before(near), patched.After(near) }.FirstOrDefault(n => n is { Kind: ElementKind.Data } && !LieAlike(near, n) && !IsNeverCountedThrough(n));
        return other is null ? null
            : $"it adds a register to a place in '{near}', and whether it means that or '{other}', which does not lie beside it in the running kernel, cannot be told; put the new one into another section";
    }

    /// <summary>What a macro made for its own use is used as a whole: no array, nor the table of a switch or of labels.</summary>
    private static bool IsNeverCountedThrough(Element data) => data.IsOwnCopy && !SymbolNames.IsIndexedOwnCopy(data.Name)
        && !data.References.Exists(r => r.Target is { Kind: ElementKind.Function });

    private static bool LieAlike(Element one, Element other) => one is { Twin: { } a, Change: not Change.New } && other is { Twin: { } b, Change: not Change.New }
        && a.Section == b.Section && b.Start - a.Start == other.Start - one.Start;

    /// <summary>Why a reference cannot be made from a livepatch module, or null when it can.</summary>
    private static string? Obstacle(ObjectModel patched, Reference reference)
    {
        if (RelocationType.Width(reference.Type) < 0)
        {
            return $"it uses relocation type {reference.Type}, which the module loader does not know";
        }
        if (reference.Target is { } target && Select.IsOwn(target, reference) && SpecialSections.IsInit(target.Section))
        {
            return $"it refers to '{target}', which is new __init or __exit code or data and is not kept once the system is up";
        }
        if (reference.Target is { IsDoubtful: true } zeros)
        {
            return $"it refers to {zeros}, where '{patched.Before(zeros)}' ends and zeros follow, and which of the two it means cannot be told";
        }
        if (reference.Target is { Section.Name: ".BTF_ids" } ids && Select.IsOwn(ids, reference))
        {
            return $"it refers to '{ids}', a new list of type ids, which only the link of the whole kernel fills in";
        }
        return reference.External is { Section: { } section } ? $"it refers into section {section.Name}, which has no meaning outside its object" : null;
    }

    /// <summary>
    /// A pointer to the end of an array and one to what follows it in its section are spelled alike. That matters
    /// where the livepatch takes one of the two along: then they no longer lie side by side.
    /// </summary>
    private static string? Boundary(ObjectModel patched, HashSet<Element> targets, Reference reference)
    {
        if (reference.Use == OperandUse.Indexed && reference.IsBySection && reference.Target is { Kind: ElementKind.Data } near)
        {
            return Neighbour(patched, near, reference.TargetOffset);
        }
        // What is read or written is what begins there.
        if (reference is not { TargetOffset: 0, Use: not OperandUse.Direct, Target: { Kind: ElementKind.Data, Start: > 0 } next })
        {
            return null;
        }
        var before = patched.Before(next);
        // Nobody counts up to the end of a plain number, or of what a macro made for its own use (a pr_debug's descriptor).
        return before is { Kind: ElementKind.Data, Size: > 8, IsOwnCopy: false } && before.Start + before.Size == next.Start
            && (before.Change == Change.New || next.Change == Change.New) && targets.Contains(before)
            ? $"it points to where '{before}' ends and '{next}' begins, and which of the two it means cannot be told; put the new one into another section"
            : null;
    }
}
