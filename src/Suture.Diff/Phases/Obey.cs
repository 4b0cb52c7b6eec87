using Suture.Diff.Findings;
using Suture.Diff.Model;

namespace Suture.Diff.Phases;

/// <summary>
/// Does what the author's marks and the caller say: before escalation, so that what is left out hands nothing on, and once more when it
/// is known what goes into the livepatch.
/// </summary>
internal static class Obey
{
    /// <summary>Applies what is known of objects that were compiled <paramref name="otherwise"/> to the outcome of the comparison.</summary>
    public static void Run(OtherwiseCompiled otherwise, ObjectModel original, ObjectModel patched)
    {
        original.Functions.ForEach(f => f.IsDetached = otherwise.Detached.Contains(f.Name));
        Always(patched.Functions.FindAll(f => f is { Parent: null, Twin: { } twin } && otherwise.Replaced.Contains(twin.Name)));
    }

    /// <summary>Applies <paramref name="marks"/> to the outcome of the comparison.</summary>
    public static List<Finding> Run(Marks marks, ObjectModel patched)
    {
        var findings = new List<Finding>();
        foreach (var mark in marks.Names)
        {
            switch (mark.Kind)
            {
                case "always":
                    Always(Functions(patched, mark, findings));
                    break;
                case "never":
                    Never(Functions(patched, mark, findings), findings);
                    break;
                default:
                    Ignore(patched, mark, findings);
                    break;
            }
        }
        foreach (var callback in marks.Callbacks)
        {
            Keep(callback.Function, why => FindingCatalog.UnfitCallback(Marks.NameOf(callback.Kind), callback.Function.Name, why), findings);
        }
        foreach (var state in marks.States)
        {
            if (state.Data is { } data)
            {
                Keep(data, why => FindingCatalog.UnfitState(state.Id, data.Name, $"its data '{data.Name}' {why}"), findings);
            }
        }
        return findings;
    }

    /// <summary>Functions marked "never" that the livepatch cannot do without.</summary>
    public static IEnumerable<Finding> Check(Marks marks, ObjectModel patched, List<Element> included)
    {
        var never = marks.Names.Where(m => m.Kind == "never").SelectMany(m => Meant(patched.Functions, m)).ToHashSet();
        if (never.Count == 0)
        {
            yield break;
        }
        foreach (var function in never.Where(included.Contains))
        {
            yield return FindingCatalog.NeverNeeded(function.Name, function is { Change: Change.New, Supersedes: null }
                ? "it has no counterpart in the running kernel that could be kept"
                : "it must be replaced, because code that it contains or calls cannot be replaced otherwise");
        }
        foreach (var element in included.Where(e => !never.Contains(e)))
        {
            // The middle of the new body is nowhere in the old one.
            if (element.References.Concat(element.Entries.SelectMany(e => e.References))
                .FirstOrDefault(r => r.TargetOffset != 0 && r.Target is { } t && never.Contains(t)).Target is { } target)
            {
                yield return FindingCatalog.NeverNeeded(target.Name, $"'{element}' refers to a place inside its new version");
            }
        }
    }

    private static List<Element> Functions(ObjectModel patched, Marks.Named mark, List<Finding> findings)
    {
        var found = Meant(patched.Functions, mark);
        if (found.Count == 0)
        {
            findings.Add(FindingCatalog.MarkWithoutTarget(mark.Name, "a function"));
        }
        return found;
    }

    private static List<Element> Meant(List<Element> elements, Marks.Named mark) => elements.FindAll(e => e.Parent is null && mark.IsFor(e));

    private static void Always(List<Element> functions)
    {
        foreach (var function in functions.Where(f => f.Change == Change.None))
        {
            function.Change = Change.Changed;
        }
    }

    private static void Never(List<Element> functions, List<Finding> findings)
    {
        foreach (var function in functions.Where(f => f.Change == Change.Changed))
        {
            foreach (var part in function.Parts.Where(p => p.Twin is not null).Prepend(function))
            {
                part.Change = Change.None;
            }
            findings.Add(FindingCatalog.NeverReplaced(function.Name));
        }
    }

    private static void Ignore(ObjectModel patched, Marks.Named mark, List<Finding> findings)
    {
        var found = Meant(patched.Data, mark);
        if (found.Count == 0)
        {
            findings.Add(FindingCatalog.MarkWithoutTarget(mark.Name, mark.Kind == "ignore-section" ? "a section with data" : "data"));
        }
        // A variable of another size stays a finding: the code compiled for it would reach past the running one.
        foreach (var data in found.Where(d => d.Change == Change.Changed && d.Size == d.Twin!.Size))
        {
            data.Change = Change.None;
            findings.Add(FindingCatalog.DataIgnored(data.Name));
        }
    }

    /// <summary>Takes something along that only a mark refers to.</summary>
    private static void Keep(Element element, Func<string, Finding> unfit, List<Finding> findings)
    {
        if (element.Change != Change.New)
        {
            findings.Add(unfit("exists in the running kernel; it must be new in the patch"));
        }
        else if (SpecialSections.IsInit(element.Section))
        {
            findings.Add(unfit("is __init or __exit and not kept; take that word away"));
        }
        else
        {
            element.IsRoot = true;
        }
    }
}
