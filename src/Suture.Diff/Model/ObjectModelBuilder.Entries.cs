using Suture.Elf;

namespace Suture.Diff.Model;

/// <content>Special sections, entry by entry.</content>
internal sealed partial class ObjectModelBuilder
{
    private void CutEntries(Section section)
    {
        if (LayoutOf(section) is not { } layout)
        {
            return;
        }
        var size = layout.Size;
        _sizes[section.Name] = size;
        var made = new Element[layout.Count(section)];
        for (var i = 0; i < made.Length; i++)
        {
            made[i] = new Element(ElementKind.Entry, "", section, i * size, Math.Min(size, section.Data.Length - i * size))
            {
                SourceLine = layout.Line < 0 ? default : (layout.Line, 2),
            };
        }
        for (var i = 0; i < section.Relocations.Count; i++)
        {
            if (section.Relocations[i].Type != RelocationType.None)
            {
                AddReference(made[Math.Min((int)section.Relocations[i].Offset / size, made.Length - 1)], section, i);
            }
        }
        var companions = section.Name == ".orc_unwind_ip" ? source.FindSection(".orc_unwind") : null;
        if (companions is not null && companions.Data.Length % made.Length != 0)
        {
            throw new ElfFormatException(source.Name, "section .orc_unwind", $"{companions.Data.Length} bytes are no whole number for each of {made.Length} addresses");
        }
        for (var i = 0; i < made.Length; i++)
        {
            var entry = made[i];
            entry.References.Sort((a, b) => a.Offset.CompareTo(b.Offset));
            if (companions is not null)
            {
                var width = companions.Data.Length / made.Length;
                entry.Companion = companions.Data.AsSpan(i * width, width).ToArray();
            }
            if (section.Name == Alternative.Table && Alternative.IsEmpty(entry.Bytes) && entry.References is [var place, var nothing])
            {
                // Nobody looks where it leads: let it be into the code itself, which is there in any case.
                entry.References[1] = nothing with { Target = place.Target, External = place.External, TargetOffset = place.TargetOffset };
            }
            // objtool ends the records of a section with one at the section's very end, which is no place in the function that happens to be last.
            if (entry.References is [{ Target: { Kind: ElementKind.Function or ElementKind.Chunk } owner } described, ..]
                && !(section.Name == ".orc_unwind_ip" && owner.EntryPoint + described.TargetOffset >= (long)owner.Section.Size))
            {
                entry.Owner = owner;
                owner.Entries.Add(entry);
            }
            _entries.Add(entry);
        }
    }

    /// <summary>Layout of the entries of a special section; null when it has none, or of a form unknown.</summary>
    private EntryLayout? LayoutOf(Section section) => section.Data.Length == 0 ? null
        : SpecialSections.Layout(SpecialSections.Find(section)!, section, entrySizes, source.Name);

    /// <summary>Puts the entries of each element into an order that does not depend on the order of the sections in the file.</summary>
    private void SortEntries()
    {
        foreach (var owner in _entries.Select(e => e.Owner).OfType<Element>().Distinct())
        {
            owner.Entries.Sort((a, b) =>
            {
                var byName = string.CompareOrdinal(a.Section.Name, b.Section.Name);
                var byPlace = a.References[0].TargetOffset.CompareTo(b.References[0].TargetOffset);
                return byName != 0 ? byName : byPlace != 0 ? byPlace
                    : a.Section.Index != b.Section.Index ? a.Section.Index.CompareTo(b.Section.Index) : a.Start.CompareTo(b.Start);
            });
        }
    }
}
