using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>What an entry of a special section looks like.</summary>
/// <param name="Size">Bytes from one entry to the next.</param>
/// <param name="Pointers">Offset and width in bytes of each field that holds an address; the first is the place described. Empty when not known.</param>
public sealed record EntryLayout(int Size, (int Offset, int Width)[] Pointers)
{
    /// <summary>Offset of a 2-byte source line number, -1 when there is none.</summary>
    public int Line { get; init; } = -1;

    /// <summary>Whether the last entry may end before the padding that would follow it.</summary>
    public bool LastMayBeShort { get; init; }

    /// <summary>Whether the last pointer names a function elsewhere rather than a place in this object's code.</summary>
    public bool LastIsNamed { get; init; }

    /// <summary>Bytes of a short last entry: an address, two numbers and, in old kernels, a third.</summary>
    private const int ShortSize = 10;

    /// <summary>Number of entries in <paramref name="section"/>.</summary>
    public int Count(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return (section.Data.Length + Size - 1) / Size;
    }

    /// <summary>Whether <paramref name="section"/> is made of such entries: relocations where pointers are and nowhere else, the first leading to code.</summary>
    public bool Fits(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        if (!HasStarts(section))
        {
            return false;
        }
        foreach (var relocation in section.Relocations)
        {
            var offset = (int)(relocation.Offset % (ulong)Size);
            var pointer = Array.FindIndex(Pointers, p => p.Offset == offset && p.Width == RelocationType.Width(relocation.Type));
            var leadsIntoCode = relocation.Symbol.Section is { IsCode: true };
            if (relocation.Type != RelocationType.None
                && (pointer < 0 || (pointer == 0 && !leadsIntoCode) || (LastIsNamed && pointer == Pointers.Length - 1 && relocation.Symbol.IsSection)))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Whether each pointer of each entry of <paramref name="section"/>, which <see cref="Fits"/>, has its relocation.</summary>
    public bool IsFilledBy(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return section.Relocations.Count(r => r.Type != RelocationType.None) == Count(section) * Pointers.Length;
    }

    /// <summary>Whether <paramref name="section"/> is a whole number of entries that each begin with a relocation.</summary>
    public bool HasStarts(Section section)
    {
        ArgumentNullException.ThrowIfNull(section);
        var rest = section.Data.Length % Size;
        if (rest != 0 && (!LastMayBeShort || rest < ShortSize))
        {
            return false;
        }
        var starts = 0;
        foreach (var relocation in section.Relocations)
        {
            starts += relocation.Type != RelocationType.None && relocation.Offset % (ulong)Size == 0 ? 1 : 0;
        }
        return starts == Count(section);
    }
}
