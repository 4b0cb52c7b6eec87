using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Phases;

/// <summary>
/// The closure of what must go into the livepatch: changed functions, new ones, and everything they
/// refer to that does not exist in the running kernel.
/// </summary>
internal sealed class Select
{
    private readonly HashSet<Element> _included = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<Element> _work = new();

    /// <summary>Elements to include, in file order.</summary>
    public static List<Element> Run(ObjectModel patched)
    {
        var select = new Select();
        foreach (var function in patched.Functions)
        {
            if (function.Change == Change.Changed || (function.Change == Change.New && function.IsGlobal) || function.IsRoot)
            {
                select.Add(function);
            }
        }
        foreach (var data in patched.Data.Where(d => (d.Change == Change.New && d.IsGlobal && IsOrdinary(d)) || d.IsRoot))
        {
            select.Add(data);
        }
        while (select._work.TryDequeue(out var element))
        {
            select.Follow(element);
        }
        return [.. patched.Elements.Where(select._included.Contains),
                .. select._included.Where(e => e.Kind == ElementKind.Literal).OrderBy(e => e.Section.Index).ThenBy(e => e.Start)];
    }

    /// <summary>Data that only registers something at load time is no reason to include anything.</summary>
    public static bool IsOrdinary(Element data) => data.Section.Name is var name
        && (name.StartsWith(".data", StringComparison.Ordinal) || name.StartsWith(".bss", StringComparison.Ordinal)
            || name.StartsWith(".rodata", StringComparison.Ordinal));

    /// <summary>
    /// Whether a reference to <paramref name="target"/> means a copy in the livepatch rather than the original in the
    /// running kernel. Only branches go to a changed function's new body: its address stays the
    /// original's, which outlives the livepatch and is redirected by ftrace anyway.
    /// </summary>
    public static bool IsOwn(Element target, Reference reference) => target.Kind switch
    {
        ElementKind.Function when target.Parent is not null => true,
        ElementKind.Function => target.Change == Change.New
            || (target.Change == Change.Changed && (IsBranch(reference) || reference.TargetOffset != 0)),
        ElementKind.Data => target.Change == Change.New,
        _ => true,
    };

    private static bool IsBranch(Reference reference) => reference.Type == RelocationType.Plt32;

    /// <summary>Init code does not run again: neither it nor what it alone uses is wanted.</summary>
    private void Add(Element element)
    {
        if (!SpecialSections.IsInit(element.Section) && _included.Add(element))
        {
            _work.Enqueue(element);
        }
    }

    private void Follow(Element element)
    {
        // A cold part and its function jump into each other's middle: they go together.
        if (element.Parent is { } parent)
        {
            Add(parent);
        }
        element.Parts.ForEach(Add);
        foreach (var reference in element.References.Concat(element.Entries.SelectMany(e => e.References)))
        {
            if (reference.Target is { Change: Change.None, Parent: null, Twin.IsDetached: true } detached)
            {
                Escalate.Copy(detached);
            }
            if (reference.Target is { } target && (IsOwn(target, reference) || IsPartOf(target, element)))
            {
                Add(target);
            }
        }
    }

    private static bool IsPartOf(Element target, Element element) => target == element || element.Parent == target;
}
