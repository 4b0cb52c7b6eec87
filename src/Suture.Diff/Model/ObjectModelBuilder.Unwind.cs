namespace Suture.Diff.Model;

/// <content>Unwind records that objtool left out.</content>
internal sealed partial class ObjectModelBuilder
{
    private const string UnwindPlaces = ".orc_unwind_ip";

    /// <summary>
    /// objtool drops a record that is equal to the one before it in a section, though that is of another function. Where an element has none at its start, it
    /// gets what is in force there: it is to unwind the same whatever comes before it.
    /// </summary>
    private void AddUnwindRecords()
    {
        var sections = _entries.Where(e => e is { Section.Name: UnwindPlaces, Companion: not null, Owner: not null }).GroupBy(e => e.Owner!.Section).ToList();
        foreach (var records in sections.Select(s => s.OrderBy(Place).ToList()))
        {
            var next = 0;
            foreach (var element in _bySection[records[0].Owner!.Section].Where(e => e.Size > 0).OrderBy(e => e.EntryPoint).ToList())
            {
                while (next < records.Count && Place(records[next]) <= element.EntryPoint)
                {
                    next++;
                }
                if (next > 0 && Place(records[next - 1]) < element.EntryPoint)
                {
                    AddUnwindRecord(element, records[next - 1]);
                }
            }
        }

        static long Place(Element record) => record.Owner!.EntryPoint + record.References[0].TargetOffset;
    }

    private void AddUnwindRecord(Element element, Element inForce)
    {
        var record = new Element(ElementKind.Entry, "", inForce.Section, inForce.Start, inForce.Size) { Owner = element, Companion = inForce.Companion };
        record.References.Add(inForce.References[0] with { Target = element, TargetOffset = 0 });
        element.Entries.Add(record);
        _entries.Add(record);
    }
}
