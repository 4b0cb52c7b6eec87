using Suture.Elf;

namespace Suture.Diff.Model;

/// <content>Cutting what no symbol covers: data where it is referred to, code where it can be entered.</content>
internal sealed partial class ObjectModelBuilder
{
    /// <summary>Whether a section holds whatever has no section of its own.</summary>
    private static bool IsCommonGround(Section section) =>
        section.Name is ".data" or ".bss" or ".rodata" or ".data.rel.ro" or ".data.rel.ro.local" or ".data.rel" or ".data.rel.local";

    private void CutAnonymous(List<Section> ordinary)
    {
        var (begins, mentions) = AnonymousPlaces();
        foreach (var section in ordinary)
        {
            var starts = begins.GetValueOrDefault(section) ?? [];
            var elements = _bySection[section];
            foreach (var place in mentions.GetValueOrDefault(section) ?? [])
            {
                // What is only mentioned belongs to what begins before it; where nothing does, something must hold it.
                // Counting them would be as long as the list, for each place.
                if (!starts.GetViewBetween(EndBefore(elements, place), place).GetEnumerator().MoveNext())
                {
                    starts.Add(place);
                }
            }
            if (starts.Count > 0)
            {
                CutAnonymous(section, elements, starts);
            }
        }
    }

    /// <summary>
    /// The places that references lead to and no symbol covers: those where something begins, and those inside of something. Code begins where it can be
    /// entered. Nothing begins inside of a pointer.
    /// </summary>
    private (Dictionary<Section, SortedSet<int>> Begins, Dictionary<Section, SortedSet<int>> Mentions) AnonymousPlaces()
    {
        var begins = new Dictionary<Section, SortedSet<int>>(ReferenceEqualityComparer.Instance);
        var mentions = new Dictionary<Section, SortedSet<int>>(ReferenceEqualityComparer.Instance);
        var fields = new Dictionary<Section, Dictionary<int, int>>(ReferenceEqualityComparer.Instance);
        foreach (var (section, targets) in _targets)
        {
            for (var i = 0; i < targets.Length; i++)
            {
                var t = targets[i];
                if (t.Section is { IsStrings: false } target && _bySection.TryGetValue(target, out var elements)
                    && IsPlace(section.Relocations[i].Symbol)
                    && t.Place >= 0 && t.Place < (long)target.Size && At(elements, t.Place) is null)
                {
                    var place = (int)t.Place;
                    var inside = FieldAround(target, place, fields) is var field && field < place;
                    var list = inside || (target.IsCode && !Enters(section, section.Relocations[i])) ? mentions : begins;
                    (list.TryGetValue(target, out var set) ? set : list[target] = []).Add(field);
                }
            }
        }
        return (begins, mentions);
    }

    /// <summary>Where the relocated field begins that <paramref name="place"/> is in; the place itself when it is in none.</summary>
    private static int FieldAround(Section section, int place, Dictionary<Section, Dictionary<int, int>> known)
    {
        if (section.IsCode)
        {
            return place;
        }
        if (!known.TryGetValue(section, out var widths))
        {
            known[section] = widths = [];
            section.Relocations.ForEach(r => widths[(int)r.Offset] = RelocationType.Width(r.Type));
        }
        for (var start = place - 1; start > place - sizeof(ulong) && start >= 0; start--)
        {
            if (widths.TryGetValue(start, out var width) && start + width > place)
            {
                return start;
            }
        }
        return place;
    }

    /// <summary>
    /// Whether a reference from <paramref name="section"/> to code may be a way into it. Tables only describe the code that their first field leads to;
    /// some name in another one where to go on from there.
    /// </summary>
    private bool Enters(Section section, Relocation relocation) => SpecialSections.Find(section) is null
        || (section.Name is Alternative.Table or "__ex_table" or "__jump_table" && LayoutOf(section) is { } layout
            && (int)relocation.Offset % layout.Size is > 0 and var field
            && !(section.Name == Alternative.Table && Alternative.IsEmpty(section.Data.AsSpan((int)relocation.Offset - field, layout.Size))));

    /// <summary>Where the last of <paramref name="elements"/> ends that begins before <paramref name="place"/>.</summary>
    private static int EndBefore(List<Element> elements, int place) =>
        LastStartingAtOrBefore(elements, place) is >= 0 and var i ? elements[i].Start + elements[i].Size : 0;

    private static void CutAnonymous(Section section, List<Element> elements, SortedSet<int> starts)
    {
        var kind = section.IsCode ? ElementKind.Chunk : ElementKind.Constant;
        var merged = (section.Flags & SectionFlags.Merge) != 0 && section.EntrySize is > 0 and <= 4096;
        if (elements.Count == 0 && kind == ElementKind.Constant && !merged && !IsCommonGround(section))
        {
            // A section made for one thing: whoever refers into it may go through all of it.
            starts = [0];
        }
        var doubtful = kind == ElementKind.Constant && !merged ? LeavePadding(section, elements, starts) : [];
        var made = new List<Element>();
        foreach (var start in starts)
        {
            var following = LastStartingAtOrBefore(elements, start) + 1;
            var next = following < elements.Count ? elements[following].Start : (int)section.Size;
            var cut = merged ? Math.Min(next, start + (int)section.EntrySize) : next;
            made.Add(new Element(kind, "", section, start, cut - start) { IsDoubtful = doubtful.Contains(start) });
        }
        for (var i = 0; i + 1 < made.Count; i++)
        {
            made[i].Size = Math.Min(made[i].Size, made[i + 1].Start - made[i].Start);
        }
        if (kind == ElementKind.Chunk && !Alternative.IsReplacement(section))
        {
            JoinWhatRunsOn(section, made);
        }
        elements.AddRange(made);
        elements.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Size.CompareTo(b.Size));
    }

    /// <summary>
    /// Takes from <paramref name="starts"/> the places in what only aligns the next element: nothing begins there, so they are counted from the element
    /// before, as the end of an array is. What is given back are ends where zeros follow that are more than that, and may be either.
    /// </summary>
    private static HashSet<int> LeavePadding(Section section, List<Element> elements, SortedSet<int> starts)
    {
        var doubtful = new HashSet<int>();
        int[] all = [.. starts];
        long[] fields = [.. section.Relocations.Where(r => r.Type != RelocationType.None).Select(r => (long)r.Offset).Order()];
        var kept = -1;
        for (var i = 0; i < all.Length; i++)
        {
            var start = all[i];
            var before = LastStartingAtOrBefore(elements, start);
            var end = EndBefore(elements, start);
            var next = Math.Min(before + 1 < elements.Count ? elements[before + 1].Start : (int)section.Size, i + 1 < all.Length ? all[i + 1] : int.MaxValue);
            if (before >= 0 && kept < end && !HasContent(section, fields, start, next))
            {
                if (next - end < (long)section.Alignment)
                {
                    starts.Remove(start);
                    continue;
                }
                if (start == end)
                {
                    doubtful.Add(start);
                }
            }
            kept = start;
        }
        return doubtful;
    }

    /// <summary>Whether anything but zeros stands there; <paramref name="fields"/> are the places of the section's relocations, in order.</summary>
    private static bool HasContent(Section section, long[] fields, int start, int end)
    {
        var at = Array.BinarySearch(fields, start);
        at = at < 0 ? ~at : at;
        return section.Type != SectionType.NoBits && ((at < fields.Length && fields[at] < end) || section.Data.AsSpan(start, end - start).ContainsAnyExcept((byte)0));
    }

    /// <summary>Code that runs on into what follows it is one with it, though there are several ways in.</summary>
    private static void JoinWhatRunsOn(Section section, List<Element> chunks)
    {
        // What KVM does where an instruction faults (before Linux 5.4) ends in this call, which does not return.
        var last = section.Relocations.Where(r => r.Symbol.Name == "kvm_spurious_fault").Select(r => (int)r.Offset + 4).ToHashSet();
        for (var i = 0; i + 1 < chunks.Count;)
        {
            if (chunks[i].Start + chunks[i].Size == chunks[i + 1].Start && InstructionLayout.RunsOn(chunks[i].Bytes, afterCalls: !last.Contains(chunks[i + 1].Start)))
            {
                chunks[i].Size += chunks[i + 1].Size;
                chunks.RemoveAt(i + 1);
            }
            else
            {
                i++;
            }
        }
    }
}
